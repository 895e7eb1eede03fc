/**
 * Loads a module when it is first needed, and again if that failed.
 *
 * Chromium remembers for the life of a page or a worker that an address gave no module, so a second try goes to another one.
 * What could be loaded is remembered here: two copies of a module would be two workers, or know nothing of wasm that was started.
 */
import { LookalikeError } from "./errors.js";

/** @type {Map<string, Promise<any>>} */
const loaded = new Map();
let tries = 0;

/**
 * @template Module
 * @param {string} name of its file, without the ending
 * @param {() => Promise<Module>} load imports it, in words that bundlers follow
 * @param {(tries: number) => Promise<Module>} again imports it from an address of its own
 * @returns {Promise<Module>}
 */
export function late(name, load, again) {
  let module = loaded.get(name);
  if (!module) {
    module = load()
      .catch(() => again(++tries))
      .catch((error) => {
        loaded.delete(name);
        throw new LookalikeError("folder/unreachable", `could not be loaded (${error})`, `${name}.js`);
      });
    loaded.set(name, module);
  }
  return module;
}
