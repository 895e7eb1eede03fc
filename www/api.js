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
/** @import { Card, Crop, Described, How, Neighbour, Progress } from "./shared/types.js" */
/** @import { Folder } from "./shared/folder.js" */
/** @import { Settings } from "./page/start_worker.js" */
import { SearchController, described, lazyDevice } from "./page/controller.js";
import { registry } from "./page/registry.js";
import { LookalikeError, aborted } from "./shared/errors.js";

export { LookalikeError };

/**
 * @typedef {{ src: string | URL } & Settings} Options `src`: the folder that `precompute build` wrote
 * @typedef {{ metric?: string, limit?: number }} NeighboursOptions `metric`: cosine (default), euclidean or manhattan;
 *   `limit`: 8 if left out
 * @typedef {{ signal?: AbortSignal, onProgress?: (progress: Progress) => void }} CallOptions
 * @typedef {Partial<How> & CallOptions & { crop?: Crop }} RankOptions `crop`: the part of a photo that matters; `settled`: false
 *   to be answered by the codes alone, sooner
 */

const DEFAULT_LIMIT = 8;

/**
 * How workers are started, for all of the page that are not started yet, those of elements too.
 *
 * @param {Settings} settings
 */
export function configure(settings) {
  Object.assign(registry.settings, settings);
}

/** @param {Options} options */
export function createLookalike(options) {
  return new Lookalike(options);
}

export class Lookalike {
  #controller;
  /** @type {import("./page/device.js").Workers | undefined} */
  #workers;
  #own;
  #closed = false;

  /** @param {Options} options */
  constructor({ src, ...settings }) {
    // Absolute addresses need no page.
    const url = new URL(src, globalThis.document?.baseURI);
    this.#own = Object.keys(settings).length > 0 ? settings : registry.settings;
    this.#controller = new SearchController(() => url);
  }

  /**
   * What the catalogue has; `items` are its products.
   *
   * @returns {Promise<{ items: number, metrics: readonly string[] }>}
   */
  info() {
    return this.#ask(async ({ manifest: { items, products, metrics } }) => ({ items: products?.count ?? items, metrics }));
  }

  /**
   * The stored neighbours of a product, exact, nearest first: no wasm is loaded.
   *
   * @param {string} id
   * @param {NeighboursOptions} [options]
   * @returns {Promise<Neighbour[]>}
   */
  neighbours(id, { metric = "cosine", limit = DEFAULT_LIMIT } = {}) {
    return this.#ask(async (folder) => described(folder, await folder.neighbours(id, metric, limit)));
  }

  /**
   * What a shop shows of products, in the order asked for.
   *
   * @param {readonly string[]} ids
   * @returns {Promise<Card[]>}
   */
  cards(ids) {
    return this.#ask(async (folder) => {
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
    const asked = { metric: "cosine", limit: DEFAULT_LIMIT, settled: true, ...how };
    return this.#whileOpen(async () => {
      const { Workers, find } = await lazyDevice();
      return find(this.#controller, this.#workersOf(Workers), { of, crop, how: asked }, { signal, onProgress });
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
    return this.#ask(async (folder) => {
      const { Workers, checkRanking, copyOf } = await lazyDevice();
      checkRanking(folder.manifest);
      return this.#workersOf(Workers).of(folder).embed(await copyOf(photo), options);
    });
  }

  /** Ends the worker and gives its memory back; what is still asked rejects as aborted, and so does whatever comes later. */
  close() {
    this.#closed = true;
    this.#workers?.close();
  }

  /** @param {typeof import("./page/device.js").Workers} Workers */
  #workersOf(Workers) {
    if (this.#closed) throw aborted();
    return (this.#workers ??= new Workers(this.#own));
  }

  /** @template Value @param {(folder: Folder) => Promise<Value>} work */
  #ask(work) {
    return this.#whileOpen(() => this.#controller.ask((folder) => this.#whileOpen(() => work(folder))));
  }

  /** @template Value @param {() => Promise<Value>} work @returns {Promise<Value>} */
  async #whileOpen(work) {
    if (this.#closed) throw aborted();
    const value = await work();
    if (this.#closed) throw aborted();
    return value;
  }
}
