/** Fetches one file with byte counts. What arrives has the promised length, or is refused before it grows past it. */
import { LookalikeError, corrupt } from "../shared/errors.js";
import { fetchFile } from "../shared/files.js";

/**
 * @param {URL} url
 * @param {string} file how errors name it
 * @param {{ bytes?: number, onBytes: (loaded: number, total?: number) => void }} options `bytes`: the length it must have
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function download(url, file, { bytes, onBytes }) {
  const response = await fetchFile(url, file);
  const reader = response.body?.getReader();
  if (!reader) return new Uint8Array(0);

  /** @type {Uint8Array[]} */
  const chunks = [];
  let loaded = 0;
  const total = bytes ?? plainLength(response);
  for (;;) {
    const { value } = await read(reader, file);
    if (!value) break;
    loaded += value.length;
    if (bytes !== undefined && loaded > bytes) {
      reader.cancel().catch(() => {});
      throw corrupt(file, `longer than ${bytes} bytes`);
    }
    chunks.push(value);
    onBytes(loaded, total);
  }
  if (bytes !== undefined && loaded < bytes) throw corrupt(file, `${loaded} bytes instead of ${bytes}`);

  const whole = new Uint8Array(loaded);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** A compressed answer's length says nothing of what comes out. @param {Response} response */
function plainLength({ headers }) {
  return headers.has("content-encoding") ? undefined : Number(headers.get("content-length")) || undefined;
}

/** @param {ReadableStreamDefaultReader<Uint8Array>} reader @param {string} file */
async function read(reader, file) {
  try {
    return await reader.read();
  } catch (error) {
    throw new LookalikeError("folder/unreachable", `the connection broke (${error})`, file);
  }
}
