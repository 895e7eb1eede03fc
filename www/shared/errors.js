/**
 * The one error type. `code` is stable and made for programs, `message` for people who look after the site;
 * what shoppers read stands in page/texts.js.
 *
 * folder/missing, folder/unreachable, folder/corrupt, folder/newer-version: a file of the folder, named in `file`;
 * item/unknown, metric/unknown: what was asked for is not in the folder; photo/...: the photo;
 * network/...: the neural network; worker/unsupported, worker/crashed: the browser cannot run the module, or it ended
 * by itself; aborted: somebody asked for it.
 */
export class LookalikeError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {string} [file]
   */
  constructor(code, message, file) {
    super(file ? `${file}: ${message}` : message);
    // The name that abortable interfaces of the web use, for callers who test for it.
    this.name = code === "aborted" ? "AbortError" : "LookalikeError";
    this.code = code;
    this.file = file;
  }
}

/** @param {string} file @param {string} what */
export const corrupt = (file, what) =>
  new LookalikeError("folder/corrupt", `${what}; upload the whole folder again`, file);

/** @param {string} file @param {number} version */
export const newerVersion = (file, version) =>
  new LookalikeError("folder/newer-version", `version ${version} is newer than this reader; update the widget`, file);

export const aborted = () => new LookalikeError("aborted", "no longer wanted");
