/** Loads a module of this folder when it is first needed, and again if that failed. */
import { late as loadLate } from "../shared/late.js";

/**
 * @template Module
 * @param {string} name of its file, without the ending
 * @param {() => Promise<Module>} load imports it, in words that bundlers follow
 * @returns {Promise<Module>}
 */
export function late(name, load) {
  return loadLate(name, load, (tries) => import(/* webpackIgnore: true */ /* @vite-ignore */ `./${name}.js?again=${tries}`));
}
