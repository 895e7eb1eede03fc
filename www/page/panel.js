/** The search by photo once there is a photo: what is seen of it, its crop, progress, and what one can do next. */
/** @import { Crop, Described } from "../shared/types.js" */
/** @import { View } from "./view.js" */
import { Cropper } from "./crop.js";
import { make } from "./make.js";
import { Progress } from "./progress.js";
import { sheet } from "./styles.js";
import { teach } from "./texts.js";
import { later } from "./texts_later.js";

teach(later);

const styles = sheet(`
.panel { display: flex; flex-wrap: wrap; gap: 1em 1.5em; margin-bottom: .8em; scroll-margin-top: var(--mlt-scroll-margin, 8px); }
.side { flex: 1 1 15em; min-width: 0; display: flex; flex-direction: column; align-items: flex-start; gap: 1em; }
.how { display: grid; gap: .5em; }
.side p { margin: 0; }
.lead { font-weight: 600; }
.tools, .actions { display: flex; flex-wrap: wrap; gap: .5em; }
.sign { width: 40px; padding: 0; display: grid; place-items: center; }
.sign::before, .sign.larger::after { content: ""; grid-area: 1 / 1; border: 0 solid; }
.sign::before { width: 14px; border-top-width: 2px; }
.sign.larger::after { height: 14px; border-left-width: 2px; }
/* On a narrow screen the products matter once there are any: one line stays of the photo. */
.change { display: none; }
.folded { flex-wrap: nowrap; align-items: center; gap: .6em; }
.folded .photo { min-width: 0; min-height: 0; align-self: center; pointer-events: none; }
.folded .clip img { max-width: 72px; max-height: 56px; }
.folded :is(.box, .proposal, .how, .chooseOther, .side > p, .busy.done) { display: none; }
.folded .change { display: block; }
.folded .side, .folded .actions { flex: 1; align-self: stretch; justify-content: center; }
.folded .actions { justify-content: start; }
.folded .clear { width: 40px; padding: 0; margin-inline-start: auto; font-size: 0; }
.folded .clear::before { content: "×"; font-size: 20px; }
`);

/** Below, photo and products do not fit one screen. */
const NARROW = 600;

/**
 * @typedef {object} Handlers
 * @property {() => void} onCancel
 * @property {() => void} onClear
 * @property {() => void} onOther
 * @property {(crop: Crop | undefined) => void} onCrop
 */

export class Panel {
  sheets;
  /** @type {Blob | undefined} */
  photo;
  progress;
  #crop;
  #cancel = button("cancel");
  #change = button("change");
  #other = button("chooseOther", "choose");
  #clear = button("clear");
  #how;

  /** @param {Handlers} handlers */
  constructor({ onCancel, onClear, onOther, onCrop }) {
    this.progress = new Progress();
    this.#crop = new Cropper(onCrop);
    this.sheets = [styles, this.progress.sheet, this.#crop.sheet];
    this.#cancel.onclick = onCancel;
    this.#clear.onclick = onClear;
    this.#change.onclick = () => {
      this.node.classList.remove("folded");
      this.#crop.node.scrollIntoView({ block: "nearest" });
      this.#crop.focus();
    };
    this.#other.onclick = onOther;
    const sign = (/** @type {string} */ label, /** @type {number} */ factor) => {
      const made = make("button", { type: "button", class: `sign ${label}`, part: "button", "data-label": label });
      made.onclick = () => this.#crop.scale(factor);
      return made;
    };
    const whole = button("whole");
    whole.onclick = () => this.#crop.set(undefined);
    this.#how = make(
      "div",
      { class: "how" },
      make("p", { class: "lead", "data-text": "crop" }),
      make("p", { class: "hint", "data-text": "cropHow" }),
      make(
        "div",
        { class: "tools", part: "tools" },
        sign("smaller", 0.8),
        sign("larger", 1.25),
        whole,
      ),
    );
    this.side = make(
      "div",
      { class: "side" },
      this.#how,
      make("div", { class: "actions", part: "actions" }, this.#cancel, this.#change, this.#other, this.#clear),
      make("p", { class: "hint", part: "privacy", "data-text": "private" }),
    );
    this.node = make("div", { class: "panel", part: "panel" }, this.#crop.node, this.side);
  }

  /**
   * @param {Blob | undefined} photo
   * @param {Crop | undefined} crop
   * @param {boolean} first nothing has been found yet, so that there is nothing to go on from but giving up
   */
  async show(photo, crop, first) {
    const focused = this.node.contains(/** @type {ShadowRoot} */ (this.node.getRootNode()).activeElement ?? null);
    const changed = photo !== this.photo;
    // Not imported at once: browsers remember of a page's life what an address failed to give, also to those who import it.
    if (this.photo && !photo) import("./device.js").then(({ release }) => release(), () => {});
    this.photo = photo;
    this.#cancel.hidden = !first;
    this.#other.hidden = this.#clear.hidden = first;
    if (focused && !this.node.contains(/** @type {ShadowRoot} */ (this.node.getRootNode()).activeElement)) this.focus();
    this.#crop.set(crop, false);
    if (!changed) return;
    this.node.classList.remove("folded");
    const seen = await this.#crop.draw(photo);
    if (photo === this.photo) this.#crop.node.hidden = this.#how.hidden = this.#change.hidden = !seen;
  }

  /**
   * Stands in the picker's place where there is a photo.
   *
   * @param {View} view
   * @param {boolean} offered whether a photo may be brought
   */
  arrange(view, offered) {
    const { picker, root, results } = view;
    if (!this.node.isConnected) {
      picker.node.after(this.node);
      view.adopt(this);
    }
    const photo = offered && !!this.photo;
    const focused = [picker.node, this.node].find((node) => node.contains(root.activeElement));
    if (photo) picker.node.hidden = true;
    this.node.hidden = !photo;
    (photo ? this.side : results).append(this.progress.node);
    // What had the focus may be hidden now.
    if (focused?.hidden) (photo ? this : picker).focus();
  }

  /** Brings the products that were found for the photo into view. @param {View} view */
  reveal({ base, results }) {
    const { top, bottom, width } = base.getBoundingClientRect();
    // Whoever has gone on to something else is left there.
    if (this.node.hidden || bottom < 0 || top > innerHeight) return;
    // So is whoever is at the rectangle by keyboard.
    if (width < NARROW && !this.#crop.node.querySelector(":focus-visible")) this.node.classList.add("folded");
    if (results.getBoundingClientRect().top < innerHeight / 2) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.node.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  }

  /** What has become known of the photo. @param {Described} described */
  describe({ object }) {
    this.#crop.propose(object);
  }

  focus() {
    (this.#cancel.hidden ? this.#other : this.#cancel).focus();
  }
}

/** @param {string} text @param {string} [part] */
const button = (text, part = text) => make("button", { type: "button", class: text, part: `button ${part}`, "data-text": text });
