/**
 * Copies of what a page gives as rules and options, which may be proxies of a framework or hold what cannot travel to a worker.
 *
 * Only plain data is taken: a Map or a function would silently be rules that let everything through.
 */
import { LookalikeError } from "../shared/errors.js";

/**
 * @template Value
 * @param {Value} value
 * @param {string} [name] how an error calls it
 * @returns {Value}
 */
export function plain(value, name = "rules") {
  /** @type {any} */
  const given = value;
  if (given === null || !["object", "function", "symbol", "bigint"].includes(typeof given)) return value;
  if (Array.isArray(given)) return /** @type {any} */ (given.map((one, n) => plain(one, `${name}[${n}]`)));
  const prototype = typeof given === "object" && Object.getPrototypeOf(given);
  // Of another window's objects the prototype is another one, whose own is null too.
  if (prototype === false || (prototype !== null && Object.getPrototypeOf(prototype) !== null)) {
    throw new LookalikeError("rules/invalid", `${name} is a ${given?.constructor?.name ?? typeof given}, no plain data`);
  }
  return /** @type {any} */ (Object.fromEntries(Object.entries(given).map(([key, one]) => [key, plain(one, name ? `${name}.${key}` : key)])));
}
