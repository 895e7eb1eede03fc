/** Fetches the folder's files. Only an `ok` answer is an answer. */
import { LookalikeError, corrupt } from "./errors.js";

/**
 * @param {URL} url
 * @param {string} file how errors name it
 * @param {RequestCache} [cache]
 */
export async function fetchFile(url, file, cache = "default") {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", cache });
  } catch (error) {
    throw new LookalikeError("folder/unreachable", `could not be fetched (${error})`, file);
  }
  if (response.ok) return response;
  const { status } = response;
  const gone = status === 404 || status === 410;
  throw new LookalikeError(gone ? "folder/missing" : "folder/unreachable", `the server answered ${status}`, file);
}

/**
 * @param {URL} url
 * @param {string} file
 * @param {RequestCache} [cache]
 */
export async function fetchBytes(url, file, cache) {
  const response = await fetchFile(url, file, cache);
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw new LookalikeError("folder/unreachable", `the connection broke (${error})`, file);
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
