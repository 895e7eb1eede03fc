/** What there is once a page, however many copies of these scripts it holds: two scripts of one folder, or two versions. */
/** @import { Settings } from "./start_worker.js" */

/**
 * @typedef {object} Registry
 * @property {Settings} settings for every worker that is not started yet
 * @property {{ createScriptURL(address: string): string }} [policy] Trusted Types: a page lets each name be taken once
 * @property {Set<string>} told faults that the console has been told of
 */

const NAME = Symbol.for("lookalike");

/** @type {Registry} */
export const registry = (/** @type {any} */ (globalThis)[NAME] ??= { settings: {}, told: new Set() });
