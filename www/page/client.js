/**
 * The page's side of the worker: one worker a folder, shared by all elements of the page.
 *
 * Every call has an id; an answer nobody waits for is passed over. One and the same part of one and the same Blob is
 * embedded once, for whoever asks and as often; the worker keeps the last picture decoded, so that another part of it is
 * there at once. When the worker crashes, all calls reject and the next one starts a new worker; when the last
 * photo being worked on is abandoned, the worker is ended, since a thread in the middle of a network hears nothing.
 */
/** @import { Folder } from "../shared/folder.js" */
/** @import { Crop, Described, How, PlainError, Progress, Ranked, Reply, Request } from "../shared/types.js" */
import { LookalikeError, aborted } from "../shared/errors.js";
import { startWorker, wasmUrls } from "./start_worker.js";

/** An idle worker holds the network in memory: 128 MB and more that the rest of the phone can use. */
const IDLE_MS = 60_000;
/** Time for a newer search to take the place of the one it abandons, so that it finds the worker still there. */
const GRACE_MS = 100;
/** Whole photographs of today's best phones are under a third of this. */
const MAX_PHOTO_BYTES = 100e6;
/** Parts of one photo of which the answer is remembered, 20 KB each at most. */
const PARTS = 16;

/**
 * @typedef {(progress: Progress) => void} OnProgress
 * @typedef {{ signal?: AbortSignal, onProgress?: OnProgress }} CallOptions
 * @typedef {CallOptions & { crop?: Crop }} EmbedOptions `crop`: the part of the upright photo that matters, else all of it
 * @typedef {{ resolve: (result: any) => void, reject: (error: Error) => void, onProgress?: OnProgress }} Call
 * @typedef {object} Shared what becomes of one part of a photo, and those who wait for it
 * @property {Promise<Described>} described
 * @property {Set<OnProgress>} waiters
 * @property {Progress} [progress] the latest, for who joins later
 * @property {number} id its call
 * @typedef {{ key: number, parts: Map<string, Shared> }} Photo
 */

/** @type {WeakMap<Folder, Client>} */
const clients = new WeakMap();

/** @param {Folder} folder */
export function clientOf(folder) {
  const client = clients.get(folder) ?? new Client(folder);
  clients.set(folder, client);
  return client;
}

export class Client {
  #folder;
  #settings;
  #start;
  /** @type {Worker | undefined} */
  #worker;
  #lastId = 0;
  /** @type {Map<number, Call>} */
  #calls = new Map();
  /** @type {WeakMap<Blob, Photo>} */
  #photos = new WeakMap();
  #lastKey = 0;
  /** What is being embedded. @type {Set<Shared>} */
  #busy = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #idle;

  /**
   * @param {Folder} folder
   * @param {() => Worker} [start]
   * @param {import("./start_worker.js").Settings} [settings] default: what `configure` was given
   */
  constructor(folder, start, settings) {
    this.#folder = folder;
    this.#settings = settings;
    this.#start = start ?? (() => startWorker(settings));
  }

  /**
   * @param {Blob} photo
   * @param {EmbedOptions} [options]
   * @returns {Promise<Described>}
   */
  embed(photo, { signal, crop, onProgress = () => {} } = {}) {
    if (signal?.aborted) return Promise.reject(aborted());
    if (photo.size > MAX_PHOTO_BYTES) {
      return Promise.reject(new LookalikeError("photo/too-large", `${photo.size} bytes`));
    }
    const known = this.#photos.get(photo) ?? { key: ++this.#lastKey, parts: new Map() };
    this.#photos.set(photo, known);
    const part = crop ? [crop.x, crop.y, crop.width, crop.height].join() : "";
    const shared = known.parts.get(part) ?? this.#share(photo, known, part, crop);
    // A function of its own for each caller, so that one function passed twice counts twice.
    const waiter = (/** @type {Progress} */ progress) => onProgress(progress);
    shared.waiters.add(waiter);
    if (shared.progress) waiter(shared.progress);
    return abortable(shared.described, signal, () => {
      shared.waiters.delete(waiter);
      setTimeout(() => this.#abandon(shared), GRACE_MS);
    });
  }

  /**
   * @param {Pick<Described, "embedding" | "colours"> | number} like a photo, or a product by its number
   * @param {How} how
   * @param {CallOptions} [options]
   * @returns {Promise<Ranked[]>}
   */
  rank(like, how, options = {}) {
    const exclude = how.rules?.exclude ?? [];
    if (exclude.length === 0) return this.#rank(like, how, [], options);
    const found = Promise.all(exclude.map((id) => this.#folder.find(id)));
    return found.then((products) => this.#rank(like, how, products.map(({ item }) => item), options));
  }

  /**
   * @param {Pick<Described, "embedding" | "colours"> | number} like
   * @param {How} how
   * @param {number[]} excluded item numbers
   * @param {CallOptions} options
   * @returns {Promise<Ranked[]>}
   */
  #rank(like, how, excluded, { signal, onProgress }) {
    if (signal?.aborted) return Promise.reject(aborted());
    const { id, result } = this.#call(onProgress);
    // What else is known of a photo need not travel.
    const asked = typeof like === "number" ? like : { embedding: like.embedding, colours: like.colours };
    this.#post({ op: "rank", id, like: asked, how, excluded });
    return abortable(result, signal, () => this.#calls.delete(id));
  }

  /** No other part of the last photo is going to be asked for: the worker can give its memory back. */
  release() {
    this.#worker?.postMessage(/** @type {Request} */ ({ op: "release" }));
  }

  /** Ends the worker; whoever still waits is told why. @param {Error} reason */
  stop(reason) {
    clearTimeout(this.#idle);
    this.#worker?.terminate();
    this.#worker = undefined;
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.reject(reason);
  }

  /** @param {Blob} photo @param {Photo} known @param {string} part @param {Crop} [crop] */
  #share(photo, known, part, crop) {
    const { id, result } = this.#call((progress) => {
      shared.progress = progress;
      for (const waiter of shared.waiters) waiter(progress);
    });
    /** @type {Shared} */
    const shared = { id, described: result, waiters: new Set() };
    known.parts.set(part, shared);
    this.#busy.add(shared);
    result
      .catch(() => known.parts.get(part) === shared && known.parts.delete(part))
      .finally(() => this.#busy.delete(shared));
    for (const oldest of known.parts.keys()) if (known.parts.size > PARTS) known.parts.delete(oldest);
    this.#post({ op: "embed", id, photo, key: known.key, crop });
    return shared;
  }

  /** @param {Shared} shared */
  #abandon(shared) {
    if (shared.waiters.size || !this.#busy.delete(shared)) return;
    const call = this.#calls.get(shared.id);
    if (!call) return;
    this.#calls.delete(shared.id);
    call.reject(aborted());
    if (this.#calls.size || this.#busy.size) this.#post({ op: "drop", id: shared.id });
    else this.stop(aborted());
  }

  /** @param {OnProgress} [onProgress] */
  #call(onProgress) {
    const id = ++this.#lastId;
    /** @type {Promise<any>} */
    const result = new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject, onProgress }));
    return { id, result };
  }

  /** @param {Request} request */
  #post(request) {
    clearTimeout(this.#idle);
    try {
      this.#worker ??= this.#open();
      this.#worker.postMessage(request);
    } catch (error) {
      this.#crash(String(error));
    }
  }

  #open() {
    const worker = this.#start();
    worker.onmessage = ({ data }) => this.#answer(data);
    worker.onmessageerror = () => this.#crash("its answer could not be read");
    worker.onerror = (event) => {
      event.preventDefault();
      this.#crash(event.message || "it could not be started");
    };
    const { url, manifest, network } = this.#folder;
    /** @type {Request} */
    const open = { op: "open", folder: url.href, manifest, network, wasm: wasmUrls(this.#settings) };
    worker.postMessage(open);
    return worker;
  }

  /** @param {Reply} reply */
  #answer(reply) {
    if ("crashed" in reply) return this.#crash(reply.crashed);
    if ("progress" in reply) {
      const calls = reply.id ? [this.#calls.get(reply.id)] : this.#calls.values();
      for (const call of calls) call?.onProgress?.(reply.progress);
      return;
    }
    const call = this.#calls.get(reply.id);
    this.#calls.delete(reply.id);
    if ("error" in reply) call?.reject(this.#revive(reply.error));
    else call?.resolve(reply.result);
    if (this.#calls.size === 0) this.#idle = setTimeout(() => this.stop(aborted()), IDLE_MS);
  }

  /** @param {PlainError} error */
  #revive({ code, message, file }) {
    // The shop has uploaded a new catalogue: the next search opens it, with a worker of its own.
    if (code === "folder/missing") this.#folder.forget();
    const error = new LookalikeError(code, message);
    error.file = file;
    return error;
  }

  /** @param {string} why */
  #crash(why) {
    this.stop(new LookalikeError("worker/crashed", why));
  }
}

/**
 * @template Value
 * @param {Promise<Value>} promise
 * @param {AbortSignal | undefined} signal
 * @param {() => void} onAbort not called once the promise is settled
 * @returns {Promise<Value>}
 */
function abortable(promise, signal, onAbort) {
  return new Promise((resolve, reject) => {
    const abort = () => {
      onAbort();
      reject(aborted());
    };
    signal?.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal?.removeEventListener("abort", abort));
  });
}
