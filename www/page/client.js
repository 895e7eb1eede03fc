/**
 * The page's side of the worker: one worker a folder, shared by all elements of the page.
 *
 * Every call has an id; an answer nobody waits for is passed over. One and the same Blob is embedded once, for
 * whoever asks and as often. When the worker crashes, all calls reject and the next one starts a new worker; when the last
 * photo being worked on is abandoned, the worker is ended, since a thread in the middle of a network hears nothing.
 */
/** @import { Folder } from "../shared/folder.js" */
/** @import { Described, How, PlainError, Progress, Ranked, Reply, Request } from "../shared/types.js" */
import { LookalikeError, aborted } from "../shared/errors.js";

/** An idle worker holds the network in memory: 128 MB and more that the rest of the phone can use. */
const IDLE_MS = 60_000;
/** Time for a newer search to take the place of the one it abandons, so that it finds the worker still there. */
const GRACE_MS = 100;
/** Whole photographs of today's best phones are under a third of this. */
const MAX_PHOTO_BYTES = 100e6;

/**
 * @typedef {(progress: Progress) => void} OnProgress
 * @typedef {{ signal?: AbortSignal, onProgress?: OnProgress }} CallOptions
 * @typedef {{ resolve: (result: any) => void, reject: (error: Error) => void, onProgress?: OnProgress }} Call
 * @typedef {object} Shared what becomes of one photo, and those who wait for it
 * @property {Promise<Described>} described
 * @property {Set<OnProgress>} waiters
 * @property {Progress} [progress] the latest, for who joins later
 * @property {number} [id] its call, once the photo is read
 */

/** @type {WeakMap<Folder, Client>} */
const clients = new WeakMap();

/** @param {Folder} folder */
export function clientOf(folder) {
  const client = clients.get(folder) ?? new Client(folder);
  clients.set(folder, client);
  return client;
}

const startWorker = () => new Worker(new URL("../worker/worker.js", import.meta.url), { type: "module" });

export class Client {
  #folder;
  #start;
  /** @type {Worker | undefined} */
  #worker;
  #lastId = 0;
  /** @type {Map<number, Call>} */
  #calls = new Map();
  /** @type {WeakMap<Blob, Shared>} */
  #photos = new WeakMap();
  /** Photos being read or embedded. @type {Set<Shared>} */
  #busy = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #idle;

  /** @param {Folder} folder @param {() => Worker} [start] */
  constructor(folder, start = startWorker) {
    this.#folder = folder;
    this.#start = start;
  }

  /**
   * @param {Blob} photo
   * @param {CallOptions} [options]
   * @returns {Promise<Described>}
   */
  embed(photo, { signal, onProgress = () => {} } = {}) {
    if (signal?.aborted) return Promise.reject(aborted());
    const shared = this.#photos.get(photo) ?? this.#share(photo);
    // A function of its own for each caller, so that one function passed twice counts twice.
    const waiter = (/** @type {Progress} */ progress) => onProgress(progress);
    shared.waiters.add(waiter);
    if (shared.progress) waiter(shared.progress);
    return abortable(shared.described, signal, () => {
      shared.waiters.delete(waiter);
      setTimeout(() => this.#abandon(photo, shared), GRACE_MS);
    });
  }

  /**
   * @param {Described | number} like a photo, or a product by its number
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
   * @param {Described | number} like
   * @param {How} how
   * @param {number[]} excluded item numbers
   * @param {CallOptions} options
   * @returns {Promise<Ranked[]>}
   */
  #rank(like, how, excluded, { signal, onProgress }) {
    if (signal?.aborted) return Promise.reject(aborted());
    const { id, result } = this.#call(onProgress);
    this.#post({ op: "rank", id, like, how, excluded });
    return abortable(result, signal, () => this.#calls.delete(id));
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

  /** @param {Blob} photo */
  #share(photo) {
    /** @type {Shared} */
    const shared = { described: this.#embed(photo, () => shared), waiters: new Set() };
    this.#photos.set(photo, shared);
    this.#busy.add(shared);
    shared.described
      .catch(() => this.#forget(photo, shared))
      .finally(() => this.#busy.delete(shared));
    return shared;
  }

  /** @param {Blob} photo @param {() => Shared} shared */
  async #embed(photo, shared) {
    if (photo.size > MAX_PHOTO_BYTES) throw new LookalikeError("photo/too-large", `${photo.size} bytes`);
    const bytes = await readPhoto(photo);
    if (!this.#busy.has(shared())) throw aborted();
    const { id, result } = this.#call((progress) => {
      shared().progress = progress;
      for (const waiter of shared().waiters) waiter(progress);
    });
    shared().id = id;
    this.#post({ op: "embed", id, photo: bytes }, [bytes]);
    return result;
  }

  /** @param {Blob} photo @param {Shared} shared */
  #abandon(photo, shared) {
    if (shared.waiters.size || !this.#busy.delete(shared)) return;
    this.#forget(photo, shared);
    const { id } = shared;
    const call = this.#calls.get(id ?? 0);
    if (!id || !call) return;
    this.#calls.delete(id);
    call.reject(aborted());
    if (this.#calls.size || this.#busy.size) this.#post({ op: "drop", id });
    else this.stop(aborted());
  }

  /** @param {Blob} photo @param {Shared} shared */
  #forget(photo, shared) {
    if (this.#photos.get(photo) === shared) this.#photos.delete(photo);
  }

  /** @param {OnProgress} [onProgress] */
  #call(onProgress) {
    const id = ++this.#lastId;
    /** @type {Promise<any>} */
    const result = new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject, onProgress }));
    return { id, result };
  }

  /** @param {Request} request @param {Transferable[]} [transfer] */
  #post(request, transfer = []) {
    clearTimeout(this.#idle);
    try {
      this.#worker ??= this.#open();
      this.#worker.postMessage(request, transfer);
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
    const { url, manifest } = this.#folder;
    worker.postMessage({ op: "open", folder: url.href, manifest });
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

/** @param {Blob} photo */
async function readPhoto(photo) {
  try {
    return await photo.arrayBuffer();
  } catch (error) {
    throw new LookalikeError("photo/unreadable", `could not be read (${error})`);
  }
}
