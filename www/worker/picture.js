/**
 * Photos decoded: the last one is kept, so that another part of it is embedded at once.
 *
 * The wasm module's decoder comes first, since it gives the same pixels as the catalogue's. What it does not know (HEIC,
 * AVIF, whatever comes) the browser's own may.
 */
import { Picture, PictureRows } from "../wasm/embed.js";
import { LookalikeError } from "../shared/errors.js";

/** Pixels of a picture that is kept: 72 MB. A larger one is decoded again for each part. */
const MOST_KEPT = 24e6;
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
  try {
    return Picture.decode(bytes);
  } catch (error) {
    if (/** @type {any} */ (error).code !== "photo/unknown-format") throw error;
    const bitmap = await byBrowser(bytes);
    if (!bitmap) throw error;
    try {
      return fromBitmap(bitmap);
    } finally {
      bitmap.close();
    }
  }
}

/** Undefined if the browser does not know the format either. @param {Uint8Array<ArrayBuffer>} bytes */
async function byBrowser(bytes) {
  try {
    return await createImageBitmap(new Blob([bytes]), { imageOrientation: "from-image" });
  } catch {
    return undefined;
  }
}

/** @param {ImageBitmap} bitmap */
function fromBitmap(bitmap) {
  const { width, height } = bitmap;
  const rows = new PictureRows(width, height);
  const canvas = new OffscreenCanvas(width, Math.min(ROWS, height));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  for (let y = 0; context && y < height; y += ROWS) {
    context.clearRect(0, 0, width, ROWS);
    context.drawImage(bitmap, 0, -y);
    rows.add(context.getImageData(0, 0, width, Math.min(ROWS, height - y)).data);
  }
  return rows.finish();
}
