/**
 * The page's side of the worker: one worker a folder, shared by all elements of the page.
 *
 * Every call has an id; an answer nobody waits for is passed over. One and the same part of one and the same Blob is
 * embedded once, for whoever asks and as often; the worker keeps the last picture decoded, so that another part of it is
 * there at once. When the worker crashes, all calls reject and the next one starts a new worker; when the last
 * photo being worked on is abandoned, the worker is ended, since a thread in the middle of a network hears nothing.
 *
 * Phones end workers without a word, above all while the page is hidden. So whoever is waited for is asked for a sign of life
 * now and then; one that gives none is replaced, and the calls are repeated once.
 */
/** @import { Folder } from "../shared/folder.js" */
/** @import { Crop, Described, How, PlainError, Progress, Ranked, Reply, Request } from "../shared/types.js" */
import { LookalikeError, aborted } from "../shared/errors.js";
import { fetchBytes } from "../shared/files.js";
import { whyNot } from "./lazy_import.js";
import { registry } from "./registry.js";
import { startWorker, wasmUrls, workerUrl } from "./start_worker.js";

/** An idle worker holds the network in memory: 128 MB and more that the rest of the phone can use. */
const IDLE_MS = 60_000;
/** Time for a newer search to take the place of the one it abandons, so that it finds the worker still there. */
const GRACE_MS = 100;
/** Whole photographs of today's best phones are under a third of this. */
const MAX_PHOTO_BYTES = 100e6;
/** Parts of one photo of which the answer is remembered, 20 KB each at most. */
const PARTS = 16;
/** A worker that is waited for is asked for a sign of life so often. */
const PING_MS = 1000;
const PING = /** @type {Request} */ ({ op: "ping" });
/** So long it may give none: while its script comes, in the middle of a photo, in between, and after the page was hidden. */
const SILENT_MS = { starting: 30_000, busy: 30_000, waiting: 10_000, back: 4_000 };

/**
 * @typedef {(progress: Progress) => void} OnProgress
 * @typedef {{ signal?: AbortSignal, onProgress?: OnProgress }} CallOptions
 * @typedef {CallOptions & { crop?: Crop }} EmbedOptions `crop`: the part of the upright photo that matters, else all of it
 * @typedef {Extract<Request, { id: number }>} Asked
 * @typedef {{ resolve: (result: any) => void, reject: (error: Error) => void, onProgress?: OnProgress, request?: Asked, repeated?: boolean }} Call
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
  /** Ends with the worker. */
  #life = new AbortController();
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
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #watch;
  /** What the worker is at, as far as it has said. @type {keyof typeof SILENT_MS} */
  #at = "starting";
  /** For how long it has said nothing. */
  #silent = 0;

  /**
   * @param {Folder} folder
   * @param {import("./start_worker.js").Settings} [settings] default: what `configure` was given
   * @param {() => Worker} [start]
   */
  constructor(folder, settings = registry.settings, start = () => startWorker(settings)) {
    this.#folder = folder;
    this.#settings = settings;
    this.#start = start;
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
    // What is in a cart may not be in the catalogue any more.
    const found = exclude.map((id) => this.#folder.find(id).then(({ item }) => [item], unknown));
    return Promise.all(found).then((items) => this.#rank(like, how, items.flat(), options));
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
    this.#ask({ op: "rank", id, like: asked, how, excluded });
    return abortable(result, signal, () => this.#calls.delete(id));
  }

  /** No other part of the last photo is going to be asked for: the worker can give its memory back. */
  release() {
    this.#worker?.postMessage(/** @type {Request} */ ({ op: "release" }));
  }

  /** Ends the worker; whoever still waits is told why. @param {Error} reason */
  stop(reason) {
    this.#end();
    for (const call of this.#takeCalls()) call.reject(reason);
  }

  #end() {
    clearTimeout(this.#idle);
    clearTimeout(this.#watch);
    this.#watch = undefined;
    this.#life.abort();
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #takeCalls() {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    return calls;
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
      .finally(() => {
        this.#busy.delete(shared);
        shared.waiters.clear();
      });
    for (const oldest of known.parts.keys()) if (known.parts.size > PARTS) known.parts.delete(oldest);
    this.#ask({ op: "embed", id, photo, key: known.key, crop });
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

  /** @param {Asked} request */
  #ask(request) {
    const call = this.#calls.get(request.id);
    if (call) call.request = request;
    this.#post(request);
    this.#lookAfter();
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
    this.#at = "starting";
    this.#silent = 0;
    worker.onmessage = ({ data }) => this.#hear(data);
    worker.onmessageerror = () => this.#crash("its answer could not be read");
    worker.onerror = (event) => {
      event.preventDefault();
      if (event.message) this.#crash(event.message);
      else this.#fail(this.#unstarted());
    };
    this.#life = new AbortController();
    // What was hidden may have been ended, also one that nobody waits for.
    globalThis.document?.addEventListener?.("visibilitychange", () => this.#seen(), { signal: this.#life.signal });
    const { url, manifest, network, cache } = this.#folder;
    /** @type {Request} */
    const open = { op: "open", folder: url.href, manifest, network, cache, wasm: wasmUrls(this.#settings) };
    worker.postMessage(open);
    return worker;
  }

  #seen() {
    if (document.hidden || !this.#worker) return;
    this.#silent = 0;
    if (this.#at === "waiting") this.#at = "back";
    this.#worker.postMessage(PING);
    this.#lookAfter();
  }

  /** Asks for signs of life as long as somebody waits. */
  #lookAfter() {
    if (!this.#worker || (this.#calls.size === 0 && this.#at !== "back")) return;
    // Counted by the timer, which stands still where the page does.
    this.#watch ??= setTimeout(() => {
      this.#watch = undefined;
      if (!globalThis.document?.hidden) this.#silent += PING_MS;
      if (this.#silent >= SILENT_MS[this.#at]) return this.#replace();
      this.#worker?.postMessage(PING);
      this.#lookAfter();
    }, PING_MS);
  }

  /** What is asked for a second time without an answer is given up. */
  #replace() {
    this.#end();
    const dead = new LookalikeError("worker/crashed", `it said nothing for ${this.#silent / 1000} seconds`);
    for (const [id, call] of [...this.#calls]) {
      if (!call.repeated && call.request) {
        call.repeated = true;
        this.#post(call.request);
      } else {
        this.#calls.delete(id);
        call.reject(dead);
      }
    }
    this.#lookAfter();
  }

  /** @param {Reply} reply */
  #hear(reply) {
    this.#silent = 0;
    const stage = "progress" in reply && reply.progress.stage;
    this.#at = stage === "decoding" || stage === "embedding" ? "busy" : "waiting";
    if ("alive" in reply) return;
    if ("crashed" in reply) return this.#crash(reply.crashed);
    if ("progress" in reply) {
      const calls = reply.id ? [this.#calls.get(reply.id)] : this.#calls.values();
      for (const call of calls) call?.onProgress?.(reply.progress);
      return;
    }
    const call = this.#calls.get(reply.id);
    this.#calls.delete(reply.id);
    if ("error" in reply) call?.reject(revive(reply.error));
    else call?.resolve(reply.result);
    this.#rest();
  }

  /** Gives the worker's memory back, some time after the last answer. */
  #rest() {
    if (this.#calls.size > 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#calls.size === 0 && this.#end(), IDLE_MS);
  }

  /** @param {string} why */
  #crash(why) {
    this.stop(new LookalikeError("worker/crashed", why));
  }

  /** The worker is of no use, for a reason that is yet to be found out. @param {Promise<Error>} reason */
  async #fail(reason) {
    this.#end();
    const calls = this.#takeCalls();
    const error = await reason;
    for (const call of calls) call.reject(error);
  }

  /** Why a worker did not start: browsers do not say. */
  async #unstarted() {
    const file = "worker.js";
    const { code } = await fetchBytes(workerUrl(this.#settings), file, "no-cache").catch((reason) => reason);
    return code ? whyNot(file, code) : new LookalikeError("worker/crashed", "it could not be started");
  }
}

/** An id that no product has excludes none. @param {LookalikeError} error @returns {number[]} */
function unknown(error) {
  if (error.code === "item/unknown") return [];
  throw error;
}

/** @param {PlainError} error */
function revive({ code, message, file }) {
  const error = new LookalikeError(code, message);
  error.file = file;
  return error;
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
