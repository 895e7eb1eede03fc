/**
 * Loads a module of this folder when it is first needed, and again if that failed.
 *
 * Chromium remembers for the life of a page that an address gave no module, so a second try goes to another one. What could
 * be loaded is remembered here: two copies of a module would be two workers.
 */
import { LookalikeError } from "../shared/errors.js";

/** @type {Map<string, Promise<any>>} */
const loaded = new Map();
let tries = 0;

/**
 * @template Module
 * @param {string} name of its file, without the ending
 * @param {() => Promise<Module>} load imports it, in words that bundlers follow
 * @returns {Promise<Module>}
 */
export function late(name, load) {
  let module = loaded.get(name);
  if (!module) {
    module = load()
      .catch(() => import(/* webpackIgnore: true */ /* @vite-ignore */ `./${name}.js?again=${++tries}`))
      .catch((error) => {
        loaded.delete(name);
        throw new LookalikeError("folder/unreachable", `could not be loaded (${error})`, `${name}.js`);
      });
    loaded.set(name, module);
  }
  return module;
}
