/** The search by photo once there is a photo: what is seen of it, its crop, progress, and what one can do next. */
/** @import { Crop, Described } from "../shared/types.js" */
import { Cropper } from "./crop.js";
import { release } from "./device.js";
import { make } from "./make.js";
import { Progress } from "./progress.js";
import { sheet } from "./styles.js";
import { teach } from "./texts.js";
import { later } from "./texts_later.js";

teach(later);

const styles = sheet(`
.panel { display: flex; flex-wrap: wrap; gap: 1em 1.5em; margin-bottom: .8em; }
.side { flex: 1 1 15em; min-width: 0; display: flex; flex-direction: column; align-items: flex-start; gap: 1em; }
.how { display: grid; gap: .5em; }
.side p { margin: 0; }
.lead { font-weight: 600; }
.tools, .actions { display: flex; flex-wrap: wrap; gap: .5em; }
.sign { width: 40px; padding: 0; display: grid; place-items: center; }
.sign::before, .sign.larger::after { content: ""; grid-area: 1 / 1; border: 0 solid; }
.sign::before { width: 14px; border-top-width: 2px; }
.sign.larger::after { height: 14px; border-left-width: 2px; }
`);

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
      make("div", { class: "actions", part: "actions" }, this.#cancel, this.#other, this.#clear),
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
    if (this.photo && !photo) release();
    this.photo = photo;
    this.#cancel.hidden = !first;
    this.#other.hidden = this.#clear.hidden = first;
    if (focused && !this.node.contains(/** @type {ShadowRoot} */ (this.node.getRootNode()).activeElement)) this.focus();
    this.#crop.set(crop, false);
    if (!changed) return;
    const seen = await this.#crop.draw(photo);
    if (photo === this.photo) this.#crop.node.hidden = this.#how.hidden = !seen;
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
const button = (text, part = text) => make("button", { type: "button", part: `button ${part}`, "data-text": text });
