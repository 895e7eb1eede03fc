/**
 * Searches a catalogue: the wasm module decides (src/search/mod.rs) and says which files it needs, this fetches them, those of a
 * step side by side. A catalogue that is not cut into partitions needs none.
 */
/** @import { Described, How } from "../shared/types.js" */
/** @import { Ranker } from "../wasm/rank.js" */
/** @import { Ranker as PartitionsRanker } from "../wasm/rank_partitions.js" */

export class Searches {
  #fetch;
  /** One search after the other: the module holds one, and evicts partitions for it. @type {Promise<unknown>} */
  #last = Promise.resolve();

  /** @param {(file: string, bytes?: number) => Promise<Uint8Array>} fetch `bytes` is the length of the file, if it is known */
  constructor(fetch) {
    this.#fetch = fetch;
  }

  /**
   * @param {PartitionsRanker} ranker
   * @param {Pick<Described, "embedding" | "colours"> | number} like
   * @param {How & { excluded: readonly number[] }} how
   * @returns {Promise<Float64Array>} as the ranker gives it
   */
  rank(ranker, like, how) {
    const found = this.#last.then(() => this.#rank(ranker, like, how));
    this.#last = found.catch(() => {});
    return found;
  }

  /** @type {Searches["rank"]} */
  async #rank(ranker, like, how) {
    let found = begin(ranker, like, how);
    for (let needs = ranker.needs(); needs.length; needs = ranker.needs()) {
      const fetched = needs.map((file, at) => (typeof file === "string" ? this.#fetch(file, Number(needs[at + 1]) || undefined) : []));
      // The module has memory for them in the order in which it asked.
      (await Promise.all(fetched.flat())).forEach((bytes, at) => ranker.load(at, bytes));
      found = ranker.resume();
    }
    return found;
  }
}

/**
 * @param {Ranker} ranker
 * @param {Pick<Described, "embedding" | "colours"> | number} like a photo, or a product by its number
 * @param {How & { excluded: readonly number[] }} how
 */
export function begin(ranker, like, how) {
  return typeof like === "number" ? ranker.rank_like_item(like, how) : ranker.rank(like.embedding, like.colours, how);
}
