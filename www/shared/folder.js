/**
 * The static folder that `precompute build` writes, as the browser reads it.
 *
 * A Folder is one version of a catalogue: it keeps the manifest it was opened with, so that item numbers, cards and codes
 * belong together. When a file it names is gone (the shop has uploaded a new build), the folder is forgotten and the
 * manifest read anew, past whatever keeps copies of it: page/controller.js.
 */
/** @import { Card, Manifest, Ranked } from "./types.js" */
/** @import { Product } from "./neighbours.js" */
import { readCards } from "./cards.js";
import { LookalikeError } from "./errors.js";
import { fetchBytes } from "./files.js";
import { MANIFEST, readManifest } from "./manifest.js";
import { readNeighbours, shardOf } from "./neighbours.js";

/** @type {Map<string, Promise<Folder>>} */
const opened = new Map();

/**
 * One Folder for all who name the same address.
 *
 * @param {string | URL} address absolute; a missing slash at the end is added
 * @param {string} [fault] code of the error for which an earlier version was forgotten: copies of files are not trusted
 */
export function openFolder(address, fault) {
  const url = new URL(address);
  url.search = url.hash = "";
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return once(opened, url.href, async () => {
    try {
      return await read(url, fault);
    } catch (error) {
      const { code } = /** @type {LookalikeError} */ (error);
      if (fault || !isStale(code)) throw error;
      return read(url, code);
    }
  });
}

/** @param {URL} url @param {string} [fault] */
async function read(url, fault) {
  const manifest = new URL(MANIFEST, url);
  // Hosts keep copies of their own, which an address that nobody has asked for gets past.
  if (fault) manifest.search = String(Date.now());
  const bytes = await fetchBytes(manifest, MANIFEST, "no-cache");
  const cache = fault === "folder/corrupt" ? "reload" : fault ? "no-cache" : "default";
  return new Folder(url, readManifest(bytes), cache);
}

/**
 * Whether an error may come of a new build that the shop has uploaded since the manifest was read, or of a bad copy of a file.
 *
 * @param {string} code
 */
export const isStale = (code) => code === "folder/missing" || code === "folder/corrupt";

export class Folder {
  /** Where the network's files are, if not in the folder: they are large, and another host may be quicker. @type {string | undefined} */
  network;
  #forgotten = false;
  /** @type {Map<string, Promise<Map<string, Product>>>} */
  #neighbours = new Map();
  /** @type {Map<string, Promise<Card[]>>} */
  #cards = new Map();

  /** @param {URL} url @param {Manifest} manifest @param {RequestCache} [cache] how far copies of its files are trusted */
  constructor(url, manifest, cache = "default") {
    this.url = url;
    this.manifest = manifest;
    this.cache = cache;
  }

  /** Lets the next `openFolder` read the manifest anew; a version that somebody else has opened since stays. */
  forget() {
    if (!this.#forgotten) opened.delete(this.url.href);
    this.#forgotten = true;
  }

  /**
   * @param {string} id
   * @returns {Promise<Product>}
   */
  async find(id) {
    const { path, shards } = this.manifest.neighbours;
    const file = `${path}/${shardOf(id, shards)}.bin`;
    const shard = await once(this.#neighbours, file, async () =>
      readNeighbours(await this.fetch(file), this.manifest, file),
    );
    const product = shard.get(id);
    if (!product) throw new LookalikeError("item/unknown", `no product has the id "${id}"`);
    return product;
  }

  /**
   * Nearest first; the product itself is left out.
   *
   * @param {string} id
   * @param {string} metric
   * @param {number} limit
   * @returns {Promise<Ranked[]>}
   */
  async neighbours(id, metric, limit) {
    const number = this.manifest.metrics.indexOf(metric);
    if (number < 0) throw new LookalikeError("metric/unknown", `the folder has no metric "${metric}"`);
    return (await this.find(id)).neighbours(number).slice(0, limit);
  }

  /**
   * @param {number[]} items
   * @returns {Promise<Card[]>} in the same order
   */
  cards(items) {
    const { path, per_shard } = this.manifest.cards;
    return Promise.all(
      items.map(async (item) => {
        const shard = Math.floor(item / per_shard);
        const file = `${path}/${shard}.json`;
        const cards = await once(this.#cards, file, async () =>
          readCards(await this.fetch(file), this.manifest, shard, file),
        );
        return cards[item % per_shard];
      }),
    );
  }

  /** One of its files. @param {string} file as the manifest names it */
  fetch(file) {
    return fetchBytes(new URL(file, this.url), file, this.cache);
  }
}

/**
 * Remembers success only: what failed is tried again by the next who asks.
 *
 * @template Value
 * @param {Map<string, Promise<Value>>} map
 * @param {string} key
 * @param {() => Promise<Value>} make
 */
function once(map, key, make) {
  let value = map.get(key);
  if (!value) {
    value = make();
    map.set(key, value);
    value.catch(() => map.get(key) === value && map.delete(key));
  }
  return value;
}
