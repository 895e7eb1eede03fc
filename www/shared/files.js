/**
 * Fetches files of the folder and of the widget.
 *
 * Hosts tell in many ways that a file is not there: 404, 410, 403 (S3 and its like), or a web page with status 200. All of them
 * are `folder/missing`. A connection that breaks or stalls is tried once more.
 */
import { LookalikeError, corrupt, unreachable } from "./errors.js";

/** What nothing comes of for so long has stalled. */
const STALLED_MS = 15_000;
/** Refusals that may be none a moment later: too slow, too early, too many. */
const PASSING = [408, 425, 429];

/**
 * A small file, which a slow phone has in half the time that it is given.
 *
 * @param {URL} url
 * @param {string} file how errors name it
 * @param {RequestCache} [cache]
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export const fetchBytes = (url, file, cache) =>
  twice(file, async (wait) => {
    const response = await fetchFile(url, file, wait(), cache);
    wait();
    return new Uint8Array(await response.arrayBuffer());
  });

/**
 * Only a file is an answer.
 *
 * @param {URL} url
 * @param {string} file
 * @param {AbortSignal} signal
 * @param {RequestCache} [cache]
 */
export async function fetchFile(url, file, signal, cache = "default") {
  const response = await fetch(url, { credentials: "same-origin", cache, signal });
  const { ok, status, headers } = response;
  if (ok && !/html/.test(headers.get("content-type") ?? "")) return response;
  const gone = ok || (status >= 400 && status < 500 && !PASSING.includes(status));
  throw new LookalikeError(gone ? "folder/missing" : "folder/unreachable", `the server answered ${ok ? "HTML" : status}`, file);
}

/**
 * Does what needs a connection, and once more if that broke or stalled.
 *
 * @template Value
 * @param {string} file
 * @param {(wait: () => AbortSignal) => Promise<Value>} attempt calls `wait` whenever it begins to wait for bytes
 * @param {boolean} [again] whether this is the second time
 * @returns {Promise<Value>}
 */
export async function twice(file, attempt, again) {
  const control = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  try {
    return await attempt(() => {
      clearTimeout(timer);
      timer = setTimeout(() => control.abort("nothing came for 15 seconds"), STALLED_MS);
      return control.signal;
    });
  } catch (error) {
    if (error instanceof LookalikeError) throw error;
    if (!again) return twice(file, attempt, true);
    throw unreachable(file, `could not be fetched (${error})`);
  } finally {
    clearTimeout(timer);
    // Of an answer that is refused the rest is not wanted.
    control.abort();
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @param {Uint8Array} bytes @param {string} file */
export function readText(bytes, file) {
  try {
    return utf8.decode(bytes);
  } catch {
    throw corrupt(file, "not UTF-8");
  }
}

/** @param {Uint8Array} bytes @param {string} file @returns {unknown} */
export function readJson(bytes, file) {
  const text = readText(bytes, file);
  try {
    return JSON.parse(text);
  } catch {
    throw corrupt(file, "not JSON");
  }
}
