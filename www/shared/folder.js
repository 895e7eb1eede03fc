/**
 * The static folder that `precompute build` writes, as the browser reads it.
 *
 * A Folder is one version of a catalogue: it keeps the manifest it was opened with, so that item numbers, cards and codes
 * belong together. When a file it names is gone (the shop has uploaded a new build), the folder is forgotten and
 * the next `openFolder` reads the manifest anew.
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
 */
export function openFolder(address) {
  const url = new URL(address);
  url.search = url.hash = "";
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return once(opened, url.href, async () => {
    const manifest = readManifest(await fetchBytes(new URL(MANIFEST, url), MANIFEST, "no-cache"));
    return new Folder(url, manifest);
  });
}

export class Folder {
  /** Where the network's files are, if not in the folder: they are large, and another host may be quicker. @type {string | undefined} */
  network;
  /** @type {Map<string, Promise<Map<string, Product>>>} */
  #neighbours = new Map();
  /** @type {Map<string, Promise<Card[]>>} */
  #cards = new Map();

  /** @param {URL} url @param {Manifest} manifest */
  constructor(url, manifest) {
    this.url = url;
    this.manifest = manifest;
  }

  /** Lets the next `openFolder` read the manifest anew. */
  forget() {
    opened.delete(this.url.href);
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
  async fetch(file) {
    try {
      return await fetchBytes(new URL(file, this.url), file);
    } catch (error) {
      if (error instanceof LookalikeError && error.code === "folder/missing") this.forget();
      throw error;
    }
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
    value.catch(() => map.delete(key));
  }
  return value;
}
