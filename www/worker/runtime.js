/**
 * The wasm module, the network and the codes: fetched once, side by side, each checked by the wasm module against
 * the digest its manifest or description gives. A load that failed is forgotten, so that the next photo tries again.
 */
/** @import { FileEntry, How, Manifest } from "../shared/types.js" */
/** @import { Embedder } from "../wasm/lookalike.js" */
import init, { NetworkLoader, Ranker } from "../wasm/lookalike.js";
import { LookalikeError } from "../shared/errors.js";
import { download } from "./download.js";
import { Loading } from "./loading.js";

/**
 * The smallest module with a relaxed multiply-add: what validates it runs the faster build. Asking the engine itself is
 * right in browsers that are not written yet.
 */
const RELAXED_PROBE = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, // "\0asm", version 1
  1, 5, 1, 96, 0, 1, 123, // type: () -> v128
  3, 2, 1, 0, // function 0 of type 0
  10, 19, 1, 17, 0, // its code: no locals,
  65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, // three times i32.const 0, i8x16.splat,
  253, 133, 2, 11, // f32x4.relaxed_madd
);
const WASM = WebAssembly.validate(RELAXED_PROBE) ? "lookalike_relaxed_bg.wasm" : "lookalike_bg.wasm";
const WASM_URL = new URL(`../wasm/${WASM}`, import.meta.url);
/** The module's length is in no manifest, and a compressed answer hides it: a guess for the progress bar alone. */
const WASM_BYTES = 4e6;
/** Enough to fill a line without holding much of a large network twice. */
const PARTS_AT_ONCE = 3;

export class Runtime {
  #folder;
  #manifest;
  #loading;
  /** @type {Promise<Embedder> | undefined} */
  #embedder;
  /** @type {Promise<Ranker> | undefined} */
  #ranker;
  /** What the ranker has been given beside the codes. @type {Partial<Record<string, Promise<void>>>} */
  #given = {};
  /** @type {Promise<unknown> | undefined} */
  #wasm;

  /**
   * @param {string} folder
   * @param {Manifest} manifest
   * @param {(progress: import("../shared/types.js").Progress) => void} tell
   */
  constructor(folder, manifest, tell) {
    this.#folder = folder;
    this.#manifest = manifest;
    this.#loading = new Loading(tell);
    this.#loading.expect(WASM, WASM_BYTES);
    this.#loading.expect("network", manifest.network.bytes);
    this.#loading.expect("codes", manifest.codebook.bytes + manifest.codes.bytes);
  }

  get loading() {
    return this.#loading;
  }

  embedder() {
    this.#embedder ??= this.#loadNetwork();
    this.#embedder.catch(() => (this.#embedder = undefined));
    return this.#embedder;
  }

  /** @param {How} [how] what it will be asked: colours and attributes are loaded only for who wants them */
  async ranker(how) {
    this.#ranker ??= this.#loadCodes();
    this.#ranker.catch(() => (this.#ranker = undefined));
    const ranker = await this.#ranker;
    if (how?.colour) await this.#give("colours", (bytes, { sha256 }) => ranker.give_colours(bytes, sha256));
    const { filter, group, boost } = how?.rules ?? {};
    if (filter || group || boost?.length) {
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

  #start() {
    this.#wasm ??= this.#loadWasm();
    this.#wasm.catch(() => (this.#wasm = undefined));
    return this.#wasm;
  }

  /** Bytes rather than the answer itself: they start under any MIME type. */
  async #loadWasm() {
    this.#loading.reset(WASM);
    let before = 0;
    const bytes = await download(WASM_URL, WASM, {
      onBytes: (loaded, total) => {
        const scaled = total ? (loaded / total) * WASM_BYTES : loaded;
        this.#loading.add(WASM, scaled - before);
        before = scaled;
      },
    });
    try {
      await init({ module_or_path: bytes });
    } catch (error) {
      throw new LookalikeError("worker/unsupported", `this browser cannot run it (${error})`, WASM);
    }
    this.#loading.add(WASM, WASM_BYTES);
  }

  async #loadCodes() {
    const { codebook, codes, items } = this.#manifest;
    this.#loading.reset("codes");
    const [book, bytes] = await Promise.all([
      this.#download("codes", codebook.path, codebook.bytes),
      this.#download("codes", codes.path, codes.bytes),
      this.#start(),
    ]);
    return new Ranker(book, codebook.sha256, bytes, codes.sha256, items);
  }

  async #loadNetwork() {
    const { path, sha256 } = this.#manifest.network;
    this.#loading.reset("network");
    const [description] = await Promise.all([this.#download("network", `${path}/network.json`), this.#start()]);
    const loader = new NetworkLoader(description, sha256);
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
    return loader.finish();
  }

  /**
   * @param {string} share the progress it counts towards
   * @param {string} file
   * @param {number} [bytes]
   */
  #download(share, file, bytes) {
    let before = 0;
    return download(new URL(file, this.#folder), file, {
      bytes,
      onBytes: (loaded) => {
        this.#loading.add(share, loaded - before);
        before = loaded;
      },
    });
  }
}
