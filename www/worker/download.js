/** Fetches one file with byte counts. What arrives has the promised length, or is refused before it grows past it. */
import { corrupt } from "../shared/errors.js";
import { fetchFile, twice } from "../shared/files.js";

/**
 * @param {URL} url
 * @param {string} file how errors name it
 * @param {object} options
 * @param {RequestCache} [options.cache]
 * @param {number} [options.bytes] the length that the file must have
 * @param {(loaded: number, total?: number) => void} options.onBytes `loaded` never goes back, whatever comes a second time
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export function download(url, file, { cache, bytes, onBytes }) {
  let most = 0;
  return twice(file, async (wait) => {
    const response = await fetchFile(url, file, wait(), cache);
    const reader = response.body?.getReader();
    const total = bytes ?? plainLength(response.headers);
    /** @type {Uint8Array<ArrayBuffer>[]} */
    const chunks = [];
    let loaded = 0;
    for (;;) {
      wait();
      const { value } = (await reader?.read()) ?? {};
      if (!value) break;
      loaded += value.length;
      if (bytes !== undefined && loaded > bytes) throw corrupt(file, `longer than ${bytes} bytes`);
      chunks.push(value);
      if (loaded > most) onBytes((most = loaded), total);
    }
    if (bytes !== undefined && loaded < bytes) throw corrupt(file, `${loaded} bytes instead of ${bytes}`);

    const whole = new Uint8Array(loaded);
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  });
}

/** A compressed answer's length says nothing of what comes out. @param {Headers} headers */
const plainLength = (headers) =>
  headers.has("content-encoding") ? undefined : Number(headers.get("content-length")) || undefined;
