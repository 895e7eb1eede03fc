/**
 * The wasm module, the network and the codes: fetched once, side by side, each checked by the wasm module against
 * the digest its manifest or description gives. A load that failed is forgotten, so that the next photo tries again.
 */
/** @import { Manifest } from "../shared/types.js" */
/** @import { Embedder } from "../wasm/lookalike.js" */
import init, { NetworkLoader, Ranker } from "../wasm/lookalike.js";
import { LookalikeError, corrupt } from "../shared/errors.js";
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
    this.#loading.expect("codes", manifest.codes.bytes);
  }

  get loading() {
    return this.#loading;
  }

  embedder() {
    this.#embedder ??= this.#loadNetwork();
    this.#embedder.catch(() => (this.#embedder = undefined));
    return this.#embedder;
  }

  ranker() {
    this.#ranker ??= this.#loadCodes();
    this.#ranker.catch(() => (this.#ranker = undefined));
    return this.#ranker;
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
    const { codes, items } = this.#manifest;
    this.#loading.reset("codes");
    const [bytes] = await Promise.all([this.#download("codes", codes.path, codes.bytes), this.#start()]);
    const ranker = new Ranker(bytes, codes.sha256);
    if (ranker.items !== items) throw corrupt(codes.path, `holds ${ranker.items} products instead of ${items}`);
    return ranker;
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
