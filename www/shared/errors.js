/**
 * The one error type. `code` is stable and made for programs, `message` for people who look after the site;
 * what shoppers read stands in page/texts.js, what to do about it in page/advice.js.
 *
 * folder/missing, folder/unreachable, folder/corrupt, folder/newer-version: a file of the folder, named in `file`;
 * item/unknown, metric/unknown: what was asked for is not in the folder; photo/...: the photo; rules/..., filter/...:
 * the rules; network/...: the neural network; widget/outdated: the files of this script are no longer on the host, the page
 * has to be reloaded; worker/unsupported, worker/crashed: the browser cannot run the module, or it ended by itself;
 * aborted: somebody asked for it.
 */
export class LookalikeError extends Error {
  /** A page may hold two copies of this class, one of each script: an error of either is an error of both. @override @param {any} error */
  static [Symbol.hasInstance](error) {
    return error instanceof Error && typeof (/** @type {any} */ (error).code) === "string";
  }

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

/** @param {string} file @param {unknown} why */
export const unreachable = (file, why) => new LookalikeError("folder/unreachable", String(why), file);

export const aborted = () => new LookalikeError("aborted", "no longer wanted");

/** Whatever was thrown, as an error with a code. @param {unknown} reason */
export const asError = (reason) =>
  reason instanceof LookalikeError ? reason : new LookalikeError("unexpected", String(reason));
