/**
 * <more-like-this>: products that look like one product, or like a photo the shopper brings.
 *
 * A product's neighbours come from a few KB of static files. Only when a photo is searched, or products are narrowed down, does
 * a worker load the WebAssembly module and the network; the photo stays on the device. Children of the element are shown until
 * results are there, and stay if none come: put plain links there for visitors without JavaScript.
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
 *   network    where the folder `network-<hash>` is, if not in `src`: it is large, and another host may be quicker. What comes
 *              from there is checked against the folder's digests; of several elements the first that searches decides
 *   lang       the language of the texts; default: that of the nearest ancestor that has one. English where it is not spoken
 *   heading    text above; "" for none
 *   link       address of a product's page, `{id}` standing for its id; default: each product's own url
 *   distances  shows each product's distance
 *   photo      offers search by photo: a button, the camera, dropping onto the element, pasting into it, choosing a part;
 *              `photo="false"` does not
 *   controls   what the shopper can set, of: metric colour diversity
 *   filters    columns of the shop's table that the shopper can narrow by: category, price
 *   layout     grid (default) or strip, a row that scrolls sideways
 *
 * Properties alone: texts, to say something otherwise than texts.js and languages/ do; renderItem(neighbour, {href, image,
 *   index}), which gives a Node or a text for each product's card; rules (above); settled, whether what is on show is final.
 *
 * Methods: search(photo, {signal, crop}) ranks the catalogue for a File or Blob, or the part `crop` of it ({x, y, width,
 *   height}, fractions of the upright photo), and gives the neighbours; clear() goes back to the item; pick() opens the file
 *   dialogue. MoreLikeThis.open(src) gives the folder's reader, the same that the elements use.
 *
 * Events, all bubbling and composed; types in events.d.ts:
 *   mlt-ready     {src, items, metrics}   the folder is open
 *   mlt-results   {item | photo, crop, metric, neighbours: [{id, distance, card}], seconds}; what is ranked on the device is
 *                 shown at once by the codes, and told of when the refinement has settled it (`settled` says whether it has)
 *   mlt-select    {id, card}              a product is about to be visited; preventDefault() to go there yourself
 *   mlt-photo     {photo}                 a photo was chosen, dropped or pasted (preventDefault() to keep it from being
 *                                         searched here), or cleared (undefined)
 *   mlt-crop      {photo, crop}           a part of it was chosen; undefined: the whole
 *   mlt-progress  {stage, loaded, total, fraction}
 *   mlt-error     {code, message, file}   codes in shared/errors.js
 *
 * Slots: the default one; heading; empty, instead of the sentence that nothing was found; item, a <template> for each product's
 *   card, in which data-field says what goes where: title, price, id, distance or a column of the shop's table, `image` on an
 *   <img>, `link` on an <a>. Cards of the page's own are children of the element, so the page's styles reach them.
 * Parts: base, heading, list, item, rank-1, rank-2 ..., card, frame, placeholder, image, words, title, price, distance,
 *   picker, button (and choose, camera, clear, change, cancel, retry, reset, whole, proposal), hint, privacy, panel, photo, preview, crop,
 *   crop-handle, tools, actions, stage, progress, progress-fill, controls, control (and metric, colour, diversity, filter), dial,
 *   select, message, message-text.
 * Custom properties: --mlt-accent, --mlt-on-accent, --mlt-text, --mlt-muted, --mlt-line, --mlt-frame, --mlt-control, --mlt-focus (colours),
 *   --mlt-radius, --mlt-gap, --mlt-card-width, --mlt-ratio (of the pictures' frames), --mlt-fit (their object-fit), --mlt-preview
 *   (height of the photo), --mlt-scroll-margin (room for a header of the page that stays in view), --mlt-controls (height that is
 *   kept for the controls: 46px a line), --mlt-values (text-transform of what filters offer).
 * States: loading, filled, empty, failed: `section:has(more-like-this:state(empty)) { display: none }`.
 */
/** @import { Crop, How, Neighbour, Progress } from "../shared/types.js" */
/** @import { Folder } from "../shared/folder.js" */
import { aborted, asError } from "../shared/errors.js";
import { openFolder } from "../shared/folder.js";
import { Attributes } from "./attributes.js";
import { SearchController, isFinal, isStored } from "./controller.js";
import { lazyImport } from "./lazy_import.js";
import { clearOwn, productsOf } from "./products.js";
import { speakerOf } from "./speaker.js";
import { View } from "./view.js";

/** Far enough that a reader who scrolls finds the products there, near enough that most pages load nothing. */
const NEAR = "600px 0px";
/** Neighbours that `precompute build` stores of a product if it is told nothing else. */
const STORED = 20;

export class MoreLikeThis extends Attributes {
  #controller = new SearchController(() => this.src);
  /** The latest query, until it is given up. @type {object | undefined} */
  #query;
  #near = false;
  #scheduled = false;
  /** @type {Blob | undefined} */
  #photo;
  /** The part of it that is asked about; undefined: the whole. @type {Crop | undefined} */
  #crop;
  /** Whether something has been found for the photo. */
  #found = false;
  /** What the shopper narrows down to. @type {object[]} */
  #narrowed = [];
  /** Who called `search`. @type {{ resolve: (found: Neighbour[]) => void, reject: (error: Error) => void } | undefined} */
  #asked;
  /** The folder that mlt-ready has told of. @type {Folder | undefined} */
  #told;
  /** @type {import("./products.js").Shown | undefined} */
  #shown;
  #speaker = speakerOf(
    this,
    (texts) => {
      this.#view.speak(texts, this.heading);
      this.#showControls();
      return this.#render();
    },
    (error) => this.#report(error),
  );
  #view = new View(this, {
    onPhoto: (photo) => this.#bring(photo),
    // While the shopper looks for a photo, so that its preview is there with it.
    onIntent: () => this.#openPanel().catch(() => {}),
    onRetry: () => {
      this.#speaker.speak();
      this.#run();
    },
  });
  #observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      this.#observer.disconnect();
      this.#near = true;
      this.#schedule();
    },
    { rootMargin: NEAR },
  );
  #pageLanguage = new MutationObserver(() => this.#speaker.speak());

  /** @param {string | URL} src */
  static open(src) {
    return openFolder(new URL(src, document.baseURI));
  }

  /** Whether what is on show is final. */
  get settled() {
    return this.#controller.settled;
  }

  connectedCallback() {
    this.takeOver();
    this.#speaker.speak();
    this.#pageLanguage.observe(document.documentElement, { attributeFilter: ["lang"] });
    if (this.#near) this.#schedule();
    else {
      this.#view.wait(this.#room());
      this.#observer.observe(this);
    }
  }

  disconnectedCallback() {
    this.#observer.disconnect();
    this.#pageLanguage.disconnect();
    // An element that is only moved is back by then.
    queueMicrotask(() => {
      if (!this.isConnected) this.#stop();
    });
  }

  /** @override @param {string} name @param {string | null} before @param {string | null} after */
  attributeChangedCallback(name, before, after) {
    if (before === after) return;
    if (name === "lang" || name === "heading") {
      if (this.isConnected) this.#speaker.speak();
    } else if (name === "photo") this.#view.offerPhoto(this.photo);
    else if (name === "link" || name === "distances") this.#render().catch((error) => this.#fail(error));
    else if (name !== "layout") {
      if (name === "item" || name === "src") this.#forgetPhoto();
      this.#view.askControls(!!(this.controls || this.filters));
      if (!this.#near) this.#view.wait(this.#room());
      else this.#schedule();
    }
  }

  /**
   * @param {Blob} photo
   * @param {{ signal?: AbortSignal, crop?: Crop }} [options]
   * @returns {Promise<Neighbour[]>} rejects with a LookalikeError, `aborted` if another search or item took its place
   */
  search(photo, { signal, crop } = {}) {
    this.#forgetPhoto();
    if (signal?.aborted) return Promise.reject(aborted());
    return new Promise((resolve, reject) => {
      const asked = { resolve, reject };
      signal?.addEventListener("abort", () => this.#asked === asked && this.clear(), { once: true });
      this.#asked = asked;
      this.#photo = photo;
      this.#crop = crop;
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

  /** Opens the file dialogue, for a button of the page's own; browsers allow it in the course of a click. */
  pick() {
    this.#view.picker.open();
  }

  /** Attributes that change together are one query. */
  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (this.isConnected) this.#run();
    });
  }

  async #run() {
    const { item } = this;
    const photo = this.#photo;
    const crop = this.#crop;
    const started = performance.now();
    const query = (this.#query = {});
    this.#controller.cancel();
    this.#showPhoto();
    this.#view.panel?.progress.end();
    if (!photo && !item) {
      this.#shown = undefined;
      clearOwn(this);
      this.#view.empty();
      return;
    }
    const how = this.#how();
    this.#view.wait(this.#room(how));
    /** @type {Neighbour[]} */
    let neighbours = [];
    let revealed = false;
    try {
      const done = await this.#controller.search({ of: photo ?? item, how, crop, network: this.network }, {
        onFolder: (folder) => {
          this.#tell(folder);
          this.#view.wait(this.#room(how, folder));
          this.#showControls();
        },
        onDevice: () => this.#openPanel(),
        onProgress: (progress) => this.#progress(progress),
        onDescribed: (photo) => this.#view.panel?.describe(photo),
        onAnswer: async (folder, found) => {
          await this.#speaker.spoken;
          if (this.#query !== query) return;
          neighbours = found;
          const first = !this.#shown;
          this.#shown = { folder, neighbours };
          await this.#render();
          if (this.#query !== query) return;
          this.#found = !!photo;
          this.#showPhoto();
          if (photo && !revealed) this.#view.panel?.reveal(this.#view);
          revealed = true;
          // On arrival the reader is elsewhere on the page; later it answers what the reader did.
          if (photo || !first) this.#view.say(this.#speaker.texts.get(neighbours.length ? "shown" : "none", { count: neighbours.length }));
        },
      });
      if (!done || this.#query !== query) return;
      this.#view.panel?.progress.end();
      const seconds = (performance.now() - started) / 1000;
      this.#emit("mlt-results", { ...(photo ? { photo, crop } : { item }), metric: how.metric, neighbours, seconds });
      this.#asked?.resolve(neighbours);
      this.#asked = undefined;
    } catch (error) {
      if (this.#query === query) this.#fail(error);
    }
  }

  /** What attributes, rules and the shopper ask for. @returns {How} */
  #how() {
    const { how } = this;
    if (this.#narrowed.length === 0) return how;
    const all = [how.rules?.filter, ...this.#narrowed].filter((filter) => !!filter);
    return { ...how, rules: { ...how.rules, filter: { all } } };
  }

  /** For how many products to keep place: not for more than can come. @param {How} [how] @param {Folder} [folder] */
  #room(how = this.#how(), folder) {
    if (!this.#photo && !this.item) return 0;
    const { items, neighbours } = folder?.manifest ?? { items: Infinity, neighbours: { each: STORED } };
    return Math.min(how.limit, this.#photo ? items : items - 1, !this.#photo && isStored(how) ? neighbours.each : Infinity);
  }

  /** @param {Folder} folder */
  #tell(folder) {
    if (this.#told === folder) return;
    this.#told = folder;
    const { items, metrics } = folder.manifest;
    this.#emit("mlt-ready", { src: folder.url.href, items, metrics: [...metrics] });
  }

  /** @param {Progress} progress */
  #progress(progress) {
    this.#view.panel?.progress.show(this.#speaker.texts.get(progress.stage), progress.fraction);
    this.#emit("mlt-progress", progress);
  }
  async #render() {
    const select = (/** @type {Neighbour} */ { id, card }) => this.#emit("mlt-select", { id, card });
    const items = await productsOf(this, () => this.#shown, this.#speaker.texts, (error) => this.#report(error), select);
    if (items) this.#view.show(items, !!this.#photo || this.#narrowed.length > 0);
  }

  async #openPanel() {
    const { Panel } = await lazyImport("panel", () => import("./panel.js"));
    this.#view.panel ??= new Panel({
      onCancel: () => {
        this.#drop();
        this.#view.say(this.#speaker.texts.get("cancelled"));
      },
      onClear: () => this.#drop(),
      onOther: () => this.pick(),
      onCrop: (crop) => this.#choose(crop),
    });
    this.#showPhoto();
  }

  /** @param {boolean} [first] whether nothing has come of the photo yet */
  #showPhoto(first = !this.#found) {
    this.#view.panel?.show(this.#photo, this.#crop, first);
    this.#view.arrange();
  }

  /** @param {Crop | undefined} crop */
  #choose(crop) {
    if (!this.#photo) return;
    this.#crop = crop;
    this.#emit("mlt-crop", { photo: this.#photo, crop });
    this.#run();
  }

  #drop() {
    this.clear();
    this.#emit("mlt-photo", { photo: undefined });
  }

  #showControls() {
    const folder = this.#told;
    if (!folder || !(this.controls || this.filters)) return;
    const narrow = (/** @type {object[]} */ filters) => {
      this.#narrowed = filters;
      this.#schedule();
    };
    const report = (/** @type {unknown} */ error) => this.#report(error);
    lazyImport("controls", () => import("./controls.js"))
      .then(({ controlsOf }) => controlsOf(this, this.#view, narrow, report).show(folder, this.#speaker.texts))
      .catch(report);
  }

  /** @param {unknown} reason */
  #fail(reason) {
    const error = this.#report(reason);
    this.#showPhoto(false);
    this.#view.panel?.progress.end();
    // Nobody has asked for what nothing is like.
    if (error.code === "item/unknown" && !this.#photo) this.#view.show([]);
    else this.#view.fail(this.#speaker.texts.error(error.code), !isFinal(error), this.#found || !this.#photo);
    this.#asked?.reject(error);
    this.#asked = undefined;
  }

  /** @param {unknown} reason */
  #report(reason) {
    const error = asError(reason);
    const { code, message, file } = error;
    this.#emit("mlt-error", { code, message, file });
    lazyImport("advice", () => import("./advice.js")).then(({ tell }) => tell(error, this), () => {});
    return error;
  }

  #stop() {
    this.#query = undefined;
    this.#controller.cancel();
    this.#forgetPhoto();
    this.#showPhoto();
  }

  #forgetPhoto() {
    this.#photo = this.#crop = undefined;
    this.#found = false;
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
