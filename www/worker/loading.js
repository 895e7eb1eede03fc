/** How far the downloads are, as one fraction over all of them. */
/** @import { Progress } from "../shared/types.js" */

/** Downloads take this share of the whole way; decoding, embedding and ranking the rest. */
const SHARE = 0.9;
/** A message for every chunk would wake the page more often than a bar can move. */
const STEP = 0.005;

export class Loading {
  /** @type {Map<string, { loaded: number, total: number }>} */
  #files = new Map();
  #told = 0;
  #tell;

  /** @param {(progress: Progress) => void} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  /**
   * Every file of a load is expected before any is fetched, so that the total stands from the start. Expected again, by a
   * new try, it counts from nothing, and the fraction told stands still until it is passed; a load after one that is
   * done begins from nothing.
   *
   * @param {string} file
   * @param {number} total
   */
  expect(file, total) {
    if (this.loaded === this.total) {
      this.#files.clear();
      this.#told = 0;
    }
    this.#files.set(file, { loaded: 0, total });
  }

  /**
   * Adds bytes to what has come of a file. A file whose length was a guess never overruns its share.
   *
   * @param {string} file
   * @param {number} bytes
   */
  add(file, bytes) {
    const entry = this.#files.get(file);
    if (!entry) return;
    entry.loaded = Math.min(entry.loaded + bytes, entry.total);
    const { fraction, loaded, total } = this;
    if (fraction < this.#told + STEP && (loaded < total || fraction <= this.#told)) return;
    this.#told = fraction;
    this.#tell({ stage: "loading", loaded: Math.round(loaded), total, fraction });
  }

  get loaded() {
    return this.#sum("loaded");
  }

  get total() {
    return this.#sum("total");
  }

  get fraction() {
    return (SHARE * this.loaded) / (this.total || 1);
  }

  /** @param {"loaded" | "total"} field */
  #sum(field) {
    let sum = 0;
    for (const entry of this.#files.values()) sum += entry[field];
    return sum;
  }
}
