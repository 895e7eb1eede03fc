/**
 * The wasm modules, the network and the codes: fetched once, side by side, each checked by the wasm module against
 * the digest its manifest or description gives. A load that failed is forgotten, so that the next photo tries again.
 */
/** @import { Described, FileEntry, How, Progress, Request } from "../shared/types.js" */
/** @import { Embedder } from "../wasm/embed.js" */
/** @import { Ranker } from "../wasm/rank.js" */
/** @import { Ranker as PartitionsRanker } from "../wasm/rank_partitions.js" */
import { NetworkLoader } from "../wasm/embed.js";
import { LookalikeError } from "../shared/errors.js";
import { download } from "./download.js";
import { Loading } from "./loading.js";
import { EMBED_BYTES, RANK_BYTES, startEmbedding, startRanking, startRankingPartitions } from "./modules.js";
import { needsAttributes, ofProducts } from "./rules.js";
import { Searches, begin } from "./search.js";

/** Enough to fill a line without holding much of a large network twice. */
const PARTS_AT_ONCE = 3;

export class Runtime {
  #folder;
  #manifest;
  #cache;
  #urls;
  #network;
  #loading;
  /** @type {Promise<Embedder> | undefined} */
  #embedder;
  /** @type {Promise<Ranker> | undefined} */
  #ranker;
  #searches;
  /** What the ranker has been given beside the codes. @type {Partial<Record<string, Promise<void>>>} */
  #given = {};

  /**
   * @param {Extract<Request, { op: "open" }>} request
   * @param {(progress: Progress) => void} tell
   */
  constructor({ folder, manifest, cache, wasm, network = folder }, tell) {
    this.#folder = folder;
    this.#manifest = manifest;
    this.#cache = cache;
    this.#urls = wasm;
    this.#network = network;
    this.#loading = new Loading(tell);
    this.#searches = new Searches((file, bytes) => this.#download("partitions", file, bytes));
  }

  get loading() {
    return this.#loading;
  }

  embedder() {
    this.#embedder ??= this.#loadNetwork();
    this.#embedder.catch(() => (this.#embedder = undefined));
    return this.#embedder;
  }

  /**
   * @param {Pick<Described, "embedding" | "colours"> | number} like
   * @param {How & { excluded: readonly number[] }} asked
   * @param {() => void} onRank told once what it takes is there, partitions aside
   * @returns {Promise<Float64Array>} nearest first: an item's number and its distance in turn
   */
  async rank(like, asked, onRank) {
    const how = ofProducts(asked, this.#manifest);
    const ranker = await this.ranker(how);
    onRank();
    if (this.#manifest.partitions) return this.#searches.rank(/** @type {PartitionsRanker} */ (ranker), like, how);
    return begin(ranker, like, how);
  }

  /** @param {How} [how] what it will be asked: colours and attributes are loaded only for who wants them */
  async ranker(how) {
    this.#ranker ??= this.#loadCodes();
    this.#ranker.catch(() => (this.#ranker = undefined));
    const ranker = await this.#ranker;
    if (how?.colour) await this.#give("colours", (bytes, { sha256 }) => ranker.give_colours(bytes, sha256));
    if (needsAttributes(how)) {
      await this.#give("attributes", (bytes, { sha256 }) => ranker.give_attributes(bytes, sha256));
    }
    if (how?.settled) await this.#give("refinement", (bytes, { sha256 }) => ranker.refine(bytes, sha256));
    return ranker;
  }

  /**
   * @param {"colours" | "attributes" | "refinement"} what
   * @param {(bytes: Uint8Array, entry: FileEntry) => void} take
   */
  #give(what, take) {
    const entry = this.#manifest[what];
    if (!entry) throw new LookalikeError("filter/unknown-attribute", "the folder has no attributes to filter by");
    this.#given[what] ??= this.#download(what, entry.path, entry.bytes).then((bytes) => take(bytes, entry));
    this.#given[what].catch(() => (this.#given[what] = undefined));
    return this.#given[what];
  }

  async #loadCodes() {
    const { codec, codes, items, partitions, colours, attributes } = this.#manifest;
    this.#loading.expect("ranker", RANK_BYTES);
    this.#loading.expect("codes", codec.bytes + codes.bytes);
    const start = partitions ? startRankingPartitions : startRanking;
    const [book, bytes, Ranker] = await Promise.all([
      this.#download("codes", codec.path, codec.bytes),
      this.#download("codes", codes.path, codes.bytes),
      start(this.#urls, this.#cache, (bytes) => this.#loading.add("ranker", bytes)),
    ]);
    const ranker = new Ranker(book, codec.sha256, bytes, codes.sha256, items);
    // The folder of a layer's partitions is called as the file that has their digests.
    const folder = (/** @type {FileEntry | undefined} */ file) => file?.path.replace(/\.bin$/, "") ?? "";
    if (partitions) /** @type {PartitionsRanker} */ (ranker).set_folders(partitions.path, folder(colours), folder(attributes));
    return ranker;
  }

  async #loadNetwork() {
    const { network, adaptation } = this.#manifest;
    const { path, sha256, bytes } = network;
    this.#loading.expect("embedder", EMBED_BYTES);
    this.#loading.expect("network", bytes);
    if (adaptation) this.#loading.expect("adaptation", adaptation.bytes);
    const [description, adapting] = await Promise.all([
      this.#download("network", `${path}/network.json`),
      adaptation && this.#download("adaptation", adaptation.path, adaptation.bytes),
      startEmbedding(this.#urls, this.#cache, (bytes) => this.#loading.add("embedder", bytes)),
    ]);
    const loader = new NetworkLoader(description, sha256);
    /** @type {[number, FileEntry][]} */
    const parts = [...loader.parts().entries()];
    try {
      const fetchParts = async () => {
        for (let next = parts.shift(); next; next = parts.shift()) {
          const [index, part] = next;
          loader.part(index, await this.#download("network", `${path}/${part.path}`, part.bytes));
        }
      };
      await Promise.all(Array.from({ length: PARTS_AT_ONCE }, fetchParts));
    } catch (error) {
      parts.length = 0; // the other lines stop after the part they are at
      loader.free();
      throw error;
    }
    const embedder = loader.finish();
    try {
      // What the codes hold is adapted, so a photo's embedding is too before it is compared with them.
      if (adaptation && adapting) embedder.adapt(adapting, adaptation.sha256, adaptation.path);
    } catch (error) {
      embedder.free();
      throw error;
    }
    return embedder;
  }

  /**
   * @param {string} share the progress it counts towards
   * @param {string} file
   * @param {number} [bytes]
   */
  #download(share, file, bytes) {
    let before = 0;
    return download(new URL(file, share === "network" ? this.#network : this.#folder), file, {
      cache: this.#cache,
      bytes,
      onBytes: (loaded) => {
        this.#loading.add(share, loaded - before);
        before = loaded;
      },
    });
  }
}
