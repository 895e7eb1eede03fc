/**
 * Lookalike without an element: the same folder, the same worker, for pages that draw their own.
 *
 *   const lookalike = createLookalike({ src: "/lookalike/" });
 *   await lookalike.neighbours("875317");                       a few KB, no wasm
 *   await lookalike.rank("875317", { rules: { filter: "price<20" } });   ranked on the device
 *   await lookalike.rank(file, { crop, signal, onProgress });   so is a photo, which stays on it
 *   lookalike.close();
 *
 * Whatever fails rejects with a LookalikeError, whose `code` is stable (shared/errors.js).
 */
/** @import { Card, Crop, Described, How, Neighbour, Progress, Ranked } from "./shared/types.js" */
/** @import { Folder } from "./shared/folder.js" */
/** @import { Settings } from "./page/start_worker.js" */
import { Client } from "./page/client.js";
import { configure } from "./page/start_worker.js";
import { LookalikeError, aborted } from "./shared/errors.js";
import { openFolder } from "./shared/folder.js";

export { LookalikeError, configure };

/**
 * @typedef {{ src: string | URL } & Settings} Options `src`: the folder that `precompute build` wrote
 * @typedef {{ metric?: string, limit?: number }} NeighboursOptions `metric`: cosine (default), euclidean or manhattan;
 *   `limit`: 8 if left out
 * @typedef {{ signal?: AbortSignal, onProgress?: (progress: Progress) => void }} CallOptions
 * @typedef {Partial<How> & CallOptions & { crop?: Crop }} RankOptions `crop`: the part of a photo that matters; `settled`: false
 *   to be answered by the codes alone, sooner
 */

const DEFAULT_LIMIT = 8;

/** @param {Options} options */
export function createLookalike(options) {
  return new Lookalike(options);
}

export class Lookalike {
  #src;
  #settings;
  /** @type {{ folder: Folder, client: Client } | undefined} */
  #open;
  #closed = false;

  /** @param {Options} options */
  constructor({ src, ...settings }) {
    this.#src = new URL(src, document.baseURI);
    this.#settings = Object.keys(settings).length > 0 ? settings : undefined;
  }

  /**
   * What the catalogue has.
   *
   * @returns {Promise<{ items: number, metrics: readonly string[] }>}
   */
  info() {
    return this.#with(async ({ manifest: { items, metrics } }) => ({ items, metrics }));
  }

  /**
   * The stored neighbours of a product, exact, nearest first: no wasm is loaded.
   *
   * @param {string} id
   * @param {NeighboursOptions} [options]
   * @returns {Promise<Neighbour[]>}
   */
  neighbours(id, { metric = "cosine", limit = DEFAULT_LIMIT } = {}) {
    return this.#with(async (folder) => described(folder, await folder.neighbours(id, metric, limit)));
  }

  /**
   * What a shop shows of products, in the order asked for.
   *
   * @param {readonly string[]} ids
   * @returns {Promise<Card[]>}
   */
  cards(ids) {
    return this.#with(async (folder) => {
      const products = await Promise.all(ids.map((id) => folder.find(id)));
      return folder.cards(products.map(({ item }) => item));
    });
  }

  /**
   * The catalogue ranked on this device, for a photo or a product, nearest first.
   *
   * @param {Blob | string} of
   * @param {RankOptions} [options]
   * @returns {Promise<Neighbour[]>}
   */
  rank(of, { crop, signal, onProgress, ...how } = {}) {
    return this.#with(async (folder, client) => {
      const like =
        typeof of === "string" ? (await folder.find(of)).item : await client.embed(of, { crop, signal, onProgress });
      const asked = { metric: "cosine", limit: DEFAULT_LIMIT, settled: true, ...how };
      return described(folder, await client.rank(like, asked, { signal, onProgress }));
    });
  }

  /**
   * What a photo is like, before or beside ranking: its size, and a part of it to propose (`object`).
   *
   * @param {Blob} photo
   * @param {CallOptions & { crop?: Crop }} [options]
   * @returns {Promise<Described>}
   */
  describe(photo, options) {
    return this.#with((_, client) => client.embed(photo, options));
  }

  /** Ends the worker and gives its memory back; what is still asked rejects as aborted, and so does whatever comes later. */
  close() {
    this.#closed = true;
    this.#open?.client.stop(aborted());
    this.#open = undefined;
  }

  /**
   * A page that has been open for long meets a catalogue uploaded since: once more, with the new manifest.
   *
   * @template Value
   * @param {(folder: Folder, client: Client) => Promise<Value>} ask
   * @param {boolean} [again]
   * @returns {Promise<Value>}
   */
  async #with(ask, again = false) {
    if (this.#closed) throw aborted();
    const folder = await openFolder(this.#src);
    if (this.#closed) throw aborted();
    if (this.#open?.folder !== folder) {
      this.#open?.client.stop(aborted());
      this.#open = { folder, client: new Client(folder, undefined, this.#settings) };
    }
    try {
      return await ask(folder, this.#open.client);
    } catch (error) {
      const gone = /** @type {LookalikeError} */ (error).code === "folder/missing";
      if (gone && !again && !this.#closed) return this.#with(ask, true);
      throw error;
    }
  }
}

/** @param {Folder} folder @param {Ranked[]} ranked @returns {Promise<Neighbour[]>} */
async function described(folder, ranked) {
  const cards = await folder.cards(ranked.map(({ item }) => item));
  return ranked.map(({ distance }, n) => ({ id: cards[n].id, distance, card: cards[n] }));
}
