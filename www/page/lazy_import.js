/**
 * Loads a module of the widget when it is first needed, and again if that failed or took too long; and says why it could not be.
 *
 * Chromium remembers for the life of a page that an address gave no module, so a second try goes to another one. What could be
 * loaded is remembered here: two copies of a module would be two workers.
 */
import { LookalikeError, unreachable } from "../shared/errors.js";
import { fetchBytes } from "../shared/files.js";

/** An import cannot be given up, but another one can take its place. */
const STALLED_MS = 20_000;
/** Apart from its use, since bundlers take `new URL(text, import.meta.url)` for a file to be bundled. */
const HERE = import.meta.url;

/** @type {Map<string, Promise<any>>} */
const loaded = new Map();
let tries = 0;

/**
 * @template Module
 * @param {string} name of its file, without the ending
 * @param {() => Promise<Module>} load imports it, in words that bundlers follow
 * @returns {Promise<Module>}
 */
export function lazyImport(name, load) {
  let module = loaded.get(name);
  if (!module) {
    module = inTime(load())
      .catch(() => inTime(import(/* webpackIgnore: true */ /* @vite-ignore */ `./${name}.js?again=${++tries}`)))
      .catch(async (error) => {
        loaded.delete(name);
        throw await whyNot(`${name}.js`, error);
      });
    loaded.set(name, module);
  }
  return module;
}

/** @template Value @param {Promise<Value>} promise @returns {Promise<Value>} */
function inTime(promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject("it did not come"), STALLED_MS);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * Why a script of this widget could not be loaded: if this very script is gone from the host too, the shop has uploaded another
 * widget since this page was opened, and only a reload brings it.
 *
 * @param {string} file
 * @param {unknown} error what the browser says, which is little
 */
export async function whyNot(file, error) {
  const { code } = await fetchBytes(new URL(HERE), file, "no-cache").catch((reason) => reason);
  if (code === "folder/missing") return new LookalikeError("widget/outdated", "this page is older than the shop: reload it", file);
  return unreachable(file, `could not be loaded (${error})`);
}
