/**
 * <more-like-this>: products that look like one product, or like a photo the shopper brings.
 *
 * A product's neighbours come from a few KB of static files. Only when a photo is searched does a worker load the
 * WebAssembly module and the network; the photo stays on the device. Children of the element are shown until results are
 * there, and stay if none come: put plain links there for visitors without JavaScript.
 *
 * Attributes, all live and all properties too:
 *   item       the product's id
 *   src        the folder that `precompute build` wrote; default: the one this script was loaded from
 *   metric     cosine (default), euclidean or manhattan
 *   filter     only products that this lets through: colour=red|blue price<20 !brand="Foo Bar" (src/folder/FORMAT.md); the
 *              property `rules` takes more: {filter, exclude, group, boost, diversity}
 *   colour     how much colour counts, from 0 (the network alone) to 1; default: of a product's neighbours as the folder was
 *              built, else 0
 *   diversity  how unlike each other the products should be, from 0 (default) to 1
 *   limit      how many products; default 8
 *   heading    text above; "" for none
 *   link       address of a product's page, `{id}` standing for its id; default: each product's own url
 *   distances  shows each product's distance
 *   photo      offers search by photo: a button, dropping onto the element, pasting into it
 *   layout     grid (default) or strip, a row that scrolls sideways
 *
 * Methods: search(photo, {signal}) ranks the catalogue for a File or Blob and gives the neighbours; clear() goes back to
 * the item. MoreLikeThis.open(src) gives the folder's reader, the same that the elements use.
 *
 * Events, all bubbling and composed; types in events.d.ts:
 *   mlt-ready     {src, items, metrics}   the folder is open
 *   mlt-results   {item | photo, metric, neighbours: [{id, distance, card}], seconds}; what is ranked on the device is shown
 *                 at once by the codes, and told of when the refinement has settled it (`settled` says whether it has)
 *   mlt-select    {id, card}              a product is about to be visited; preventDefault() to go there yourself
 *   mlt-photo     {photo}                 a photo was chosen, dropped or pasted (preventDefault() to keep it from being
 *                                         searched here), or cleared (undefined)
 *   mlt-progress  {stage, loaded, total, fraction}
 *   mlt-error     {code, message, file}   codes in shared/errors.js
 *
 * Slots: the default one; heading.
 * Parts: base, heading, list, item, rank-1, rank-2 ..., card, frame, placeholder, image, words, title, price, distance,
 *   picker, button (and choose, clear, cancel, retry), preview, hint, privacy, stage, progress, progress-fill, message,
 *   message-text.
 * Custom properties: --mlt-accent, --mlt-text, --mlt-muted, --mlt-line, --mlt-frame (colours), --mlt-radius, --mlt-gap,
 *   --mlt-card-width, --mlt-ratio (of the pictures' frames), --mlt-fit (their object-fit).
 */
/** @import { How, Neighbour, Progress, Ranked } from "../shared/types.js" */
/** @import { Folder } from "../shared/folder.js" */
import { LookalikeError, aborted } from "../shared/errors.js";
import { openFolder } from "../shared/folder.js";
import { Attributes } from "./attributes.js";
import { text } from "./texts.js";
import { View } from "./view.js";

/** Far enough that a reader who scrolls finds the products there, near enough that most pages load nothing. */
const NEAR = "600px 0px";
/** What the same question would only answer again. */
const FINAL = /^(item|metric|photo|filter|rules|options)\/|^worker\/unsupported$/;

export class MoreLikeThis extends Attributes {
  /** @type {AbortController | undefined} */
  #running;
  #near = false;
  #scheduled = false;
  /** @type {Blob | undefined} */
  #photo;
  /** Who called `search`. @type {{ resolve: (found: Neighbour[]) => void, reject: (error: Error) => void } | undefined} */
  #asked;
  /** What is on show. @type {{ folder: Folder, neighbours: Neighbour[] } | undefined} */
  #shown;
  #fraction = 0;
  #settled = false;
  /** The folder that mlt-ready has told of. @type {Folder | undefined} */
  #told;
  #view = new View(this, {
    onPhoto: (photo) => this.#bring(photo),
    onCancel: () => {
      this.clear();
      this.#view.say(text("cancelled"));
    },
    onClear: () => {
      this.clear();
      this.#emit("mlt-photo", { photo: undefined });
    },
    onRetry: () => this.#run(),
  });
  #observer = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) this.#approach();
    },
    { rootMargin: NEAR },
  );

  /** @param {string | URL} src */
  static open(src) {
    return openFolder(new URL(src, document.baseURI));
  }

  /** Whether what is on show is final. */
  get settled() {
    return this.#settled;
  }

  connectedCallback() {
    this.takeOver();
    this.#view.setHeading(this.heading);
    if (this.#near) this.#schedule();
    else {
      this.#view.wait(this.item ? this.limit : 0);
      this.#observer.observe(this);
    }
  }

  disconnectedCallback() {
    this.#observer.disconnect();
    // An element that is only moved is back by then.
    queueMicrotask(() => {
      if (!this.isConnected) this.#stop();
    });
  }

  /** @override @param {string} name @param {string | null} before @param {string | null} after */
  attributeChangedCallback(name, before, after) {
    if (before === after) return;
    if (name === "heading") this.#view.setHeading(this.heading);
    else if (name === "photo") this.#view.offerPhoto(this.photo);
    else if (name === "link" || name === "distances") this.#render();
    else if (name !== "layout") {
      if (name === "item" || name === "src") this.#forgetPhoto();
      if (!this.#near) this.#view.wait(this.item ? this.limit : 0);
      else this.#schedule();
    }
  }

  /**
   * @param {Blob} photo
   * @param {{ signal?: AbortSignal }} [options]
   * @returns {Promise<Neighbour[]>} rejects with a LookalikeError, `aborted` if another search or item took its place
   */
  search(photo, { signal } = {}) {
    this.#forgetPhoto();
    if (signal?.aborted) return Promise.reject(aborted());
    return new Promise((resolve, reject) => {
      const asked = { resolve, reject };
      signal?.addEventListener("abort", () => this.#asked === asked && this.clear(), { once: true });
      this.#asked = asked;
      this.#photo = photo;
      this.#fraction = 0;
      this.#near = true;
      this.#run();
    });
  }

  /** Back from a photo to the item. */
  clear() {
    if (!this.#photo) return;
    this.#forgetPhoto();
    this.#run();
  }

  #approach() {
    this.#observer.disconnect();
    this.#near = true;
    this.#schedule();
  }

  /** Attributes that change together are one question. */
  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (this.isConnected) this.#run();
    });
  }

  /**
   * The latest question wins: the one before is abandoned.
   *
   * @param {boolean} [again]
   */
  async #run(again = false) {
    this.#running?.abort();
    const { signal } = (this.#running = new AbortController());
    const { item, limit } = this;
    const photo = this.#photo;
    const started = performance.now();
    this.#settled = false;
    this.#view.picker.show(photo, !!photo);
    this.#view.wait(photo || item ? limit : 0);
    if (!photo && !item) {
      this.#shown = undefined;
      this.#view.empty();
      return;
    }
    try {
      const folder = await openFolder(this.src);
      if (signal.aborted) return;
      this.#tell(folder);
      const { how } = this;
      /** @type {Neighbour[]} */
      let neighbours = [];
      for await (const ranked of this.#rankings(folder, photo ?? item, how, signal)) {
        const cards = await folder.cards(ranked.map((one) => one.item));
        if (signal.aborted) return;
        neighbours = ranked.map(({ distance }, n) => ({ id: cards[n].id, distance, card: cards[n] }));
        const first = !this.#shown;
        this.#shown = { folder, neighbours };
        this.#render();
        this.#view.picker.show(photo, false);
        // On arrival the reader is elsewhere on the page; later it answers what the reader did.
        if (photo || !first) this.#view.say(text("shown", { count: neighbours.length }));
      }
      if (signal.aborted) return;
      this.#settled = true;
      const seconds = (performance.now() - started) / 1000;
      this.#emit("mlt-results", { ...(photo ? { photo } : { item }), metric: how.metric, neighbours, seconds });
      this.#asked?.resolve(neighbours);
      this.#asked = undefined;
    } catch (error) {
      if (signal.aborted) return;
      // A page that has been open for long meets a catalogue uploaded since: once more, with the new manifest.
      const { code } = /** @type {LookalikeError} */ (error);
      if (code === "folder/missing" && this.#told && !again) this.#run(true);
      else this.#fail(error);
    }
  }

  /** @param {Folder} folder */
  #tell(folder) {
    if (this.#told === folder) return;
    this.#told = folder;
    const { items, metrics } = folder.manifest;
    this.#emit("mlt-ready", { src: folder.url.href, items, metrics: [...metrics] });
  }

  /**
   * One ranking, or one at once and one that is settled.
   *
   * @param {Folder} folder
   * @param {Blob | string} of a photo, or a product's id
   * @param {How} how
   * @param {AbortSignal} signal
   * @returns {AsyncGenerator<Ranked[]>}
   */
  async *#rankings(folder, of, how, signal) {
    if (typeof of === "string" && !how.rules && how.colour === undefined) {
      yield await folder.neighbours(of, how.metric, how.limit);
      return;
    }
    const onProgress = (/** @type {Progress} */ progress) => {
      if (signal.aborted) return;
      this.#fraction = Math.max(this.#fraction, progress.fraction);
      const detail = { ...progress, fraction: this.#fraction };
      if (this.photo) this.#view.picker.progress(detail);
      this.#emit("mlt-progress", detail);
    };
    // A page on which nobody brings a photo or asks for more than is stored never loads it.
    const { clientOf } = await import("./client.js");
    const client = clientOf(folder);
    const like = typeof of === "string" ? (await folder.find(of)).item : await client.embed(of, { signal, onProgress });
    yield await client.rank(like, how, { signal, onProgress });
    yield await client.rank(like, { ...how, settled: true }, { signal });
  }

  #render() {
    if (!this.#shown) return;
    const { folder, neighbours } = this.#shown;
    const { link, distances } = this;
    this.#view.show(neighbours, {
      folder: folder.url,
      link,
      distances,
      onSelect: (event, { id, card }) => {
        if (!this.#emit("mlt-select", { id, card })) event.preventDefault();
      },
    });
  }

  /** @param {unknown} reason */
  #fail(reason) {
    const error = reason instanceof LookalikeError ? reason : new LookalikeError("unexpected", String(reason));
    const { code, message, file } = error;
    this.#view.picker.show(this.#photo, false);
    this.#view.fail(code, !FINAL.test(code));
    this.#emit("mlt-error", { code, message, file });
    this.#asked?.reject(error);
    this.#asked = undefined;
  }

  #stop() {
    this.#running?.abort();
    this.#forgetPhoto();
  }

  #forgetPhoto() {
    this.#photo = undefined;
    this.#asked?.reject(aborted());
    this.#asked = undefined;
  }

  /** @param {File} photo */
  #bring(photo) {
    // Rejections reach the page as mlt-error.
    if (this.#emit("mlt-photo", { photo })) this.search(photo).catch(() => {});
  }

  /**
   * @template {keyof import("./events.js").MoreLikeThisEvents} Name
   * @param {Name} name
   * @param {import("./events.js").MoreLikeThisEvents[Name]["detail"]} detail
   * @returns {boolean} false if the page has prevented what would follow
   */
  #emit(name, detail) {
    return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true }));
  }
}
