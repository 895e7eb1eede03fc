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
 *   photo      offers search by photo: a button, the camera, dropping onto the element, pasting into it, choosing a part
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
 *   picker, button (and choose, camera, clear, cancel, retry, reset, whole, proposal), hint, privacy, panel, photo, preview, crop,
 *   crop-handle, tools, actions, stage, progress, progress-fill, controls, control (and metric, colour, diversity, filter), dial,
 *   select, message, message-text.
 * Custom properties: --mlt-accent, --mlt-on-accent, --mlt-text, --mlt-muted, --mlt-line, --mlt-frame, --mlt-control, --mlt-focus (colours),
 *   --mlt-radius, --mlt-gap, --mlt-card-width, --mlt-ratio (of the pictures' frames), --mlt-fit (their object-fit), --mlt-preview
 *   (height of the photo), --mlt-controls (height that is kept for the controls: 46px a line),
 *   --mlt-values (text-transform of what filters offer).
 */
/** @import { Crop, Described, How, Neighbour, Progress, Ranked } from "../shared/types.js" */
/** @import { Folder } from "../shared/folder.js" */
import { LookalikeError, aborted } from "../shared/errors.js";
import { openFolder } from "../shared/folder.js";
import { Attributes } from "./attributes.js";
import { cards } from "./cards.js";
import { late } from "./late.js";
import { Texts, languageOf, textsOf } from "./texts.js";
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
  /** The part of it that is asked about; undefined: the whole. @type {Crop | undefined} */
  #crop;
  /** Whether something has been found for the photo. */
  #found = false;
  /** What the shopper narrows down to. @type {object[]} */
  #narrowed = [];
  /** Who called `search`. @type {{ resolve: (found: Neighbour[]) => void, reject: (error: Error) => void } | undefined} */
  #asked;
  /** What is on show. @type {{ folder: Folder, neighbours: Neighbour[] } | undefined} */
  #shown;
  #fraction = 0;
  #settled = false;
  /** The folder that mlt-ready has told of. @type {Folder | undefined} */
  #told;
  #texts = new Texts("en");
  /** The latest of these is spoken. @type {Texts | Promise<Texts> | undefined} */
  #wanted;
  #spoken = Promise.resolve();
  /** @type {Promise<import("./controls.js").Controls> | undefined} */
  #controls;
  /** Loaded where the shop makes its own cards. @type {typeof import("./templates.js") | undefined} */
  #templates;
  #view = new View(this, {
    onPhoto: (photo) => this.#bring(photo),
    // While the shopper looks for a photo, so that its preview is there with it.
    onIntent: () => this.#openPanel().catch(() => {}),
    onRetry: () => {
      this.#speak();
      this.#run();
    },
  });
  #observer = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) this.#approach();
    },
    { rootMargin: NEAR },
  );
  #pageLanguage = new MutationObserver(() => this.#speak());

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
    this.#speak();
    this.#pageLanguage.observe(document.documentElement, { attributeFilter: ["lang"] });
    if (this.#near) this.#schedule();
    else {
      this.#view.wait(this.item ? this.limit : 0);
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
      if (this.isConnected) this.#speak();
    } else if (name === "photo") this.#view.offerPhoto(this.photo);
    else if (name === "link" || name === "distances") this.#render().catch((error) => this.#fail(error));
    else if (name !== "layout") {
      if (name === "item" || name === "src") this.#forgetPhoto();
      this.#view.askControls(!!(this.controls || this.filters));
      if (!this.#near) this.#view.wait(this.item ? this.limit : 0);
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

  #speak() {
    const wanted = (this.#wanted = textsOf(languageOf(this), this.texts));
    /** @param {Texts} texts */
    const speak = (texts) => {
      if (this.#wanted !== wanted) return;
      this.#texts = texts;
      this.#view.speak(texts, this.heading);
      if (this.#told && this.#controls) this.#openControls(this.#told);
      return this.#render();
    };
    /** English is better than silence. @param {unknown} error */
    const english = (error) => {
      if (this.#wanted === wanted) this.#report(error);
      return speak(new Texts("en", {}, this.texts));
    };
    this.#spoken = Promise.resolve(wanted instanceof Promise ? wanted.then(speak, english) : speak(wanted)).catch((error) => this.#fail(error));
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
    const crop = this.#crop;
    const started = performance.now();
    this.#settled = false;
    this.#fraction = 0;
    this.#showPhoto();
    this.#view.panel?.progress.end();
    this.#view.wait(photo || item ? limit : 0);
    if (!photo && !item) {
      this.#shown = undefined;
      this.#templates?.clearOwn(this);
      this.#view.empty();
      return;
    }
    try {
      const [folder] = await Promise.all([openFolder(this.src), this.#spoken, photo && this.#openPanel()]);
      if (signal.aborted) return;
      this.#tell(folder);
      if (this.controls || this.filters) this.#openControls(folder);
      const how = this.#how();
      /** @type {Neighbour[]} */
      let neighbours = [];
      for await (const ranked of this.#rankings(folder, photo ?? item, how, signal)) {
        const found = await folder.cards(ranked.map((one) => one.item));
        if (signal.aborted) return;
        neighbours = found.map((card, n) => ({ id: card.id, distance: ranked[n].distance, card }));
        const first = !this.#shown;
        this.#shown = { folder, neighbours };
        await this.#render();
        if (signal.aborted) return;
        this.#found = !!photo;
        this.#showPhoto();
        // On arrival the reader is elsewhere on the page; later it answers what the reader did.
        if (photo || !first) this.#view.say(this.#texts.get(neighbours.length ? "shown" : "none", { count: neighbours.length }));
      }
      if (signal.aborted) return;
      this.#settled = true;
      this.#view.panel?.progress.end();
      const seconds = (performance.now() - started) / 1000;
      this.#emit("mlt-results", { ...(photo ? { photo, crop } : { item }), metric: how.metric, neighbours, seconds });
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

  /** What attributes, rules and the shopper ask for. @returns {How} */
  #how() {
    const { how } = this;
    if (this.#narrowed.length === 0) return how;
    const all = [how.rules?.filter, ...this.#narrowed].filter((filter) => !!filter);
    return { ...how, rules: { ...how.rules, filter: { all } } };
  }

  /** @param {Folder} folder */
  #tell(folder) {
    if (this.#told === folder) return;
    this.#told = folder;
    const { items, metrics } = folder.manifest;
    this.#emit("mlt-ready", { src: folder.url.href, items, metrics: [...metrics] });
  }

  /**
   * What is stored, or what is ranked on the device.
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
      this.#view.panel?.progress.show(this.#texts.get(detail.stage), detail.fraction);
      this.#emit("mlt-progress", detail);
    };
    // A page on which nobody brings a photo or asks for more than is stored never loads it.
    const [{ rankings }] = await Promise.all([late("device", () => import("./device.js")), this.#openPanel()]);
    if (signal.aborted) return;
    // Of a photo the whole is ranked first, even where an object is found in it: pictures of the catalogue were embedded whole,
    // a wrong guess would hide what was meant, and one tap takes the guess.
    folder.network ??= this.network;
    const onDescribed = (/** @type {Described} */ described) => this.#view.panel?.describe(described);
    yield* rankings(folder, of, how, { crop: this.#crop, signal, onProgress, onDescribed });
  }

  async #render() {
    if (!this.#shown) return;
    const template = this.querySelector(":scope > template[slot=item]");
    const own = this.renderItem ?? (template instanceof HTMLTemplateElement ? template : undefined);
    if (own) this.#templates ??= await late("templates", () => import("./templates.js"));
    const { folder, neighbours } = this.#shown;
    const { link, distances } = this;
    /** @type {Parameters<typeof cards>[1]} */
    const options = {
      folder: folder.url,
      link,
      distances,
      texts: this.#texts,
      onSelect: (event, { id, card }) => {
        // With a key held down it opens elsewhere, and this page goes on as it is.
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        if (!this.#emit("mlt-select", { id, card })) event.preventDefault();
      },
    };
    if (own && this.#templates) this.#view.show(this.#templates.ownCards(this, own, neighbours, options));
    else {
      this.#templates?.clearOwn(this);
      this.#view.show(cards(neighbours, options));
    }
  }

  async #openPanel() {
    const { Panel } = await late("panel", () => import("./panel.js"));
    if (!this.#view.panel) {
      this.#view.addPanel(
        new Panel({
          onCancel: () => {
            this.#drop();
            this.#view.say(this.#texts.get("cancelled"));
          },
          onClear: () => this.#drop(),
          onOther: () => this.pick(),
          onCrop: (crop) => this.#choose(crop),
        }),
      );
    }
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

  /** @param {Folder} folder */
  #openControls(folder) {
    this.#controls ??= late("controls", () => import("./controls.js")).then(({ Controls }) => {
      const controls = new Controls(this, (narrowed) => {
        this.#narrowed = narrowed;
        this.#schedule();
      });
      this.#view.addControls(controls);
      return controls;
    });
    this.#controls
      .then((controls) => controls.show(folder, this.#texts))
      .catch((error) => {
        this.#controls = undefined;
        this.#report(error);
      });
  }

  /** @param {unknown} reason */
  #fail(reason) {
    const error = this.#report(reason);
    this.#showPhoto(false);
    this.#view.panel?.progress.end();
    this.#view.fail(this.#texts.error(error.code), !FINAL.test(error.code));
    this.#asked?.reject(error);
    this.#asked = undefined;
  }

  /** @param {unknown} reason */
  #report(reason) {
    const error = reason instanceof LookalikeError ? reason : new LookalikeError("unexpected", String(reason));
    const { code, message, file } = error;
    this.#emit("mlt-error", { code, message, file });
    return error;
  }

  #stop() {
    this.#running?.abort();
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
