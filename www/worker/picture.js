/**
 * Photos decoded: the last one is kept, so that another part of it is embedded at once.
 *
 * The wasm module's decoder comes first, since it gives the same pixels as the catalogue's. What it does not know (HEIC,
 * AVIF, whatever comes) the browser's own may. So may it what is very large: a JPEG of 48 megapixels takes hundreds of MB whole,
 * and hardly any decoded at an eighth of its size.
 */
import { Picture, PictureRows } from "../wasm/embed.js";
import { LookalikeError } from "../shared/errors.js";
import { jpegSize } from "./jpeg_size.js";

/** Pixels of a picture that is kept: 72 MB. A larger one is decoded again for each part. */
const MOST_KEPT = 24e6;
/** A JPEG of more pixels is decoded at a half, a quarter or an eighth of its size, so that it has no more than `ENOUGH`. */
const LARGE = 20e6;
const ENOUGH = 8e6;
/** Rows that are in memory as RGBA at once, of a picture that the browser decoded. */
const ROWS = 256;

/** @type {{ key: number, picture: Picture } | undefined} */
let kept;

/** Gives the memory of the picture that is kept back. */
export function release() {
  kept?.picture.free();
  kept = undefined;
}

/**
 * @template Value
 * @param {Blob} photo
 * @param {number} key the same for the same photo
 * @param {() => void} onDecode told before it is decoded
 * @param {(picture: Picture) => Value} use
 * @returns {Promise<Value>}
 */
export async function withPicture(photo, key, onDecode, use) {
  if (kept?.key === key) return use(kept.picture);
  release();
  onDecode();
  const picture = await decode(new Uint8Array(await read(photo)));
  // Another photo may have come while this one was read.
  release();
  if (picture.width * picture.height <= MOST_KEPT) {
    kept = { key, picture };
    return use(picture);
  }
  try {
    return use(picture);
  } finally {
    picture.free();
  }
}

/** @param {Blob} photo */
async function read(photo) {
  try {
    return await photo.arrayBuffer();
  } catch (error) {
    throw new LookalikeError("photo/unreadable", `could not be read (${error})`);
  }
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function decode(bytes) {
  const size = jpegSize(bytes);
  const large = size && size.width * size.height > LARGE && (await byBrowser(bytes, reduced(size)));
  if (large) return fromImage(large);
  try {
    return Picture.decode(bytes);
  } catch (error) {
    const { code } = /** @type {any} */ (error);
    if (code !== "photo/unknown-format" && code !== "photo/too-large") throw error;
    const image = await byBrowser(bytes);
    if (!image) throw error;
    return fromImage(image);
  }
}

/** What JPEG can be decoded at. @param {{ width: number, height: number }} size */
function reduced({ width, height }) {
  const by = [2, 4, 8].find((by) => (width / by) * (height / by) <= ENOUGH) ?? 8;
  return { width: Math.ceil(width / by), height: Math.ceil(height / by) };
}

/**
 * Undefined if the browser does not know the format either, or cannot decode it at that size.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {{ width: number, height: number }} [size] of a JPEG, before it is turned upright
 * @returns {Promise<{ source: CanvasImageSource & { close(): void }, width: number, height: number } | undefined>} upright
 */
async function byBrowser(bytes, size) {
  try {
    if (!size) {
      const bitmap = await createImageBitmap(new Blob([bytes]), { imageOrientation: "from-image" });
      return { source: bitmap, width: bitmap.width, height: bitmap.height };
    }
    // Not in every browser, and the one that needs no memory for the whole.
    const { ImageDecoder } = /** @type {any} */ (globalThis);
    const decoder = new ImageDecoder({ data: bytes, type: "image/jpeg", desiredWidth: size.width, desiredHeight: size.height });
    const { image } = await decoder.decode();
    decoder.close();
    return { source: image, width: image.displayWidth, height: image.displayHeight };
  } catch {
    return undefined;
  }
}

/** @param {{ source: CanvasImageSource & { close(): void }, width: number, height: number }} image */
function fromImage({ source, width, height }) {
  try {
    const rows = new PictureRows(width, height);
    const canvas = new OffscreenCanvas(width, Math.min(ROWS, height));
    const context = canvas.getContext("2d", { willReadFrequently: true });
    for (let y = 0; context && y < height; y += ROWS) {
      context.clearRect(0, 0, width, ROWS);
      context.drawImage(source, 0, -y);
      rows.add(context.getImageData(0, 0, width, Math.min(ROWS, height - y)).data);
    }
    return rows.finish();
  } finally {
    source.close();
  }
}
