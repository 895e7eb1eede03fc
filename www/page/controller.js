/**
 * The one controller of searches, for the element and for the API: opens the folder, asks, and asks again with a folder opened anew
 * if the shop has uploaded another catalogue since; loads what ranks on the device, lets the latest query win.
 */
/** @import { Crop, Described, How, Neighbour, Progress, Ranked } from "../shared/types.js" */
/** @import { Folder } from "../shared/folder.js" */
import { aborted } from "../shared/errors.js";
import { isStale, openFolder } from "../shared/folder.js";
import { lazyImport } from "./lazy_import.js";

/**
 * @typedef {object} Query
 * @property {Blob | string} of a photo, or a product's id
 * @property {How} how
 * @property {Crop} [crop] the part of the photo; default: all of it
 * @property {string} [network] where the network's files are, if not in the folder
 * @typedef {object} Hooks none is called for a query that is no longer wanted
 * @property {AbortSignal} [signal]
 * @property {(folder: Folder) => void} [onFolder]
 * @property {() => unknown} [onDevice] waited for before anything is ranked on the device
 * @property {(progress: Progress) => void} [onProgress] its fraction never goes back
 * @property {(described: Described) => void} [onDescribed]
 * @property {(folder: Folder, neighbours: Neighbour[]) => unknown} [onAnswer] the first answers may be approximate
 */

/** What the same query would only answer again. */
const FINAL = /^(item|metric|photo|filter|rules|options|worker\/unsupported)/;

/** Whether to ask again is of no use. @param {{ code: string }} error */
export const isFinal = ({ code }) => FINAL.test(code);

/** Whether the folder has a product's answer, so that nothing need be ranked. @param {How} how */
export const isStored = ({ rules, colour }) => !rules && colour === undefined;

export class SearchController {
  #src;
  #running = new AbortController();
  /** Whether the latest query is answered, for good. */
  settled = false;

  /** @param {() => string | URL} src the folder's address, absolute */
  constructor(src) {
    this.#src = src;
  }

  /**
   * Does something with the folder, and once more with the folder opened anew where a file is not what the manifest says.
   *
   * @template Value
   * @param {(folder: Folder) => Promise<Value>} work
   * @param {string} [fault]
   * @returns {Promise<Value>}
   */
  async ask(work, fault) {
    const folder = await openFolder(this.#src(), fault);
    try {
      return await work(folder);
    } catch (error) {
      const { code } = /** @type {import("../shared/errors.js").LookalikeError} */ (error);
      if (fault || !isStale(code)) throw error;
      folder.forget();
      return this.ask(work, code);
    }
  }

  /**
   * Takes the place of the query before.
   *
   * @param {Query} query
   * @param {Hooks} hooks
   * @returns {Promise<boolean>} false: another query took its place
   */
  async search(query, hooks) {
    this.cancel();
    const { signal } = (this.#running = new AbortController());
    try {
      await this.find(query, { ...hooks, signal });
      this.settled = !signal.aborted;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return !signal.aborted;
  }

  /** The query that is running is no longer wanted. */
  cancel() {
    this.settled = false;
    this.#running.abort();
  }

  /**
   * @param {Query} query
   * @param {Hooks} hooks
   * @returns {Promise<Neighbour[]>} the last answer
   */
  async find(query, hooks) {
    const { of, how } = query;
    if (typeof of === "string" && isStored(how)) {
      return this.ask(async (folder) => {
        hooks.onFolder?.(folder);
        return answer(folder, await folder.neighbours(of, how.metric, how.limit), hooks);
      });
    }
    // Side by side with the module that needs it, where its failure is told.
    openFolder(this.#src()).catch(() => {});
    const device = await lazyDevice();
    return device.find(this, device.shared, query, hooks);
  }
}

/** What ranks on the device: a page on which nobody brings a photo or asks for more than is stored never loads it. */
export const lazyDevice = () => lazyImport("device", () => import("./device.js"));

/** Throws for what is no longer wanted. @param {Hooks} hooks */
export function check({ signal }) {
  if (signal?.aborted) throw aborted();
}

/** @param {Folder} folder @param {Ranked[]} ranked @param {Hooks} hooks */
export async function answer(folder, ranked, hooks) {
  const neighbours = await described(folder, ranked);
  check(hooks);
  await hooks.onAnswer?.(folder, neighbours);
  check(hooks);
  return neighbours;
}

/** @param {Folder} folder @param {Ranked[]} ranked @returns {Promise<Neighbour[]>} */
export async function described(folder, ranked) {
  const cards = await folder.cards(ranked.map(({ item }) => item));
  return ranked.map(({ distance }, n) => ({ id: cards[n].id, distance, card: cards[n] }));
}
