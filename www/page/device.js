/**
 * Ranks on the shopper's device, by the worker: for a photo, and for a product where more is asked than is stored.
 *
 * A module of its own for both scripts of a page, the element's and the API's.
 */
/** @import { How, Neighbour, Progress } from "../shared/types.js" */
/** @import { Hooks, Query, SearchController } from "./controller.js" */
/** @import { Folder } from "../shared/folder.js" */
/** @import { Settings } from "./start_worker.js" */
import { LookalikeError, aborted } from "../shared/errors.js";
import { checkRanking } from "../shared/manifest.js";
import { Client, clientOf } from "./client.js";
import { answer, check } from "./controller.js";
import { plain } from "./plain.js";

/** Of the photo that was embedded last. @type {Client | undefined} */
let last;

/** No other part of the last photo is going to be asked for. */
export const release = () => last?.release();

/** Files may change or go while a network is loading, above all on phones; what has been read stays. @type {WeakMap<Blob, Promise<Blob>>} */
const copies = new WeakMap();
/** More is no photo, and is refused later: page/client.js. */
const MAX_COPIED = 100e6;

/** @param {Blob} photo @returns {Promise<Blob>} the same for the same photo */
export function copyOf(photo) {
  let copy = copies.get(photo);
  if (!copy) {
    const bytes = photo.size > MAX_COPIED ? Promise.resolve(photo) : photo.arrayBuffer();
    copy = bytes.then(
      (content) => (content instanceof Blob ? content : new Blob([content], { type: photo.type })),
      (error) => {
        copies.delete(photo);
        throw new LookalikeError("photo/unreadable", `could not be read (${error})`);
      },
    );
    // Told to who waits for it.
    copy.catch(() => {});
    copies.set(photo, copy);
  }
  return copy;
}

/** Workers of somebody's own, one a folder. */
export class Workers {
  #settings;
  /** @type {Map<Folder, Client>} */
  #clients = new Map();

  /** @param {Settings} [settings] */
  constructor(settings) {
    this.#settings = settings;
  }

  /** That of an earlier catalogue answers what it was asked, and ends when it has been idle for long. @param {Folder} folder */
  of(folder) {
    const client = this.#clients.get(folder) ?? new Client(folder, this.#settings);
    this.#clients.set(folder, client);
    return client;
  }

  /** What is still asked rejects as aborted. */
  close() {
    for (const client of this.#clients.values()) client.stop(aborted());
  }
}

export { checkRanking };

/** The workers that all elements of a page share. */
export const shared = { of: clientOf };

/**
 * @param {SearchController} controller
 * @param {{ of: (folder: Folder) => Client }} workers
 * @param {Query} query
 * @param {Hooks} hooks
 * @returns {Promise<Neighbour[]>} the last answer
 */
export function find(controller, workers, { of, how: given, crop, network }, hooks) {
  const { signal } = hooks;
  // Before anything else is loaded.
  const copied = typeof of === "string" ? of : copyOf(of);
  let fraction = 0;
  const onProgress = (/** @type {Progress} */ progress) => {
    fraction = Math.max(fraction, progress.fraction);
    if (!signal?.aborted) hooks.onProgress?.({ ...progress, fraction });
  };
  return controller.ask(async (folder) => {
    check(hooks);
    hooks.onFolder?.(folder);
    folder.network ??= network;
    checkRanking(folder.manifest);
    const how = plain(given, "");
    const client = workers.of(folder);
    await hooks.onDevice?.();
    const like = await copied;
    check(hooks);
    /** @type {import("../shared/types.js").Described | number} */
    let known;
    if (typeof like === "string") known = (await folder.find(like)).item;
    else {
      last = client;
      // Of a photo the whole is ranked first, even where an object is found in it: pictures of the catalogue were embedded whole,
      // a wrong guess would hide what was meant, and one tap takes the guess.
      known = await client.embed(like, { signal, onProgress, crop });
      check(hooks);
      hooks.onDescribed?.(known);
    }
    const rank = async (/** @type {Partial<How>} */ more) =>
      answer(folder, await client.rank(known, { ...how, ...more }, { signal, onProgress }), hooks);
    // At once by the codes, then as the refinement has settled it.
    const first = !how.settled && (await rank({}));
    return how.settled === false && first ? first : rank({ settled: true });
  });
}
