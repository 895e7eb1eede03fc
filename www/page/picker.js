/** The part by which a shopper brings a photo: button, drop, paste; progress and cancel; the photo and its clearing. */
/** @import { Progress } from "../shared/types.js" */
import { make } from "./make.js";
import { text } from "./texts.js";

/**
 * @typedef {object} Handlers
 * @property {(photo: File) => void} onPhoto
 * @property {() => void} onCancel
 * @property {() => void} onClear
 */

export class Picker {
  #input = make("input", { type: "file", accept: "image/*", hidden: true });
  #choose = make("button", { type: "button", part: "button choose" }, text("choose"));
  #cancel = make("button", { type: "button", part: "button cancel" }, text("cancel"));
  #clear = make("button", { type: "button", part: "button clear" }, text("clear"));
  #preview = make("img", { class: "preview", part: "preview", alt: text("photo"), width: 48, height: 48 });
  #fill = make("div", { class: "fill", part: "progress-fill" });
  #stage = make("span", { part: "stage" });
  #bar = make(
    "div",
    { class: "bar", part: "progress", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 },
    this.#fill,
  );
  #busy = make("div", { class: "busy" }, this.#stage, this.#bar, this.#cancel);
  #hint = make("span", { class: "hint", part: "hint" }, text("orDrop"));
  node = make(
    "div",
    { class: "picker", part: "picker" },
    this.#preview,
    this.#choose,
    this.#clear,
    this.#hint,
    this.#busy,
    make("span", { class: "hint", part: "privacy" }, text("private")),
    this.#input,
  );

  /** @param {HTMLElement} host @param {Handlers} handlers */
  constructor(host, { onPhoto, onCancel, onClear }) {
    this.#listen(host, onPhoto);
    this.#choose.onclick = () => this.#input.click();
    this.#input.onchange = () => {
      const photo = this.#input.files?.[0];
      // So that the same photo can be chosen once more.
      this.#input.value = "";
      if (photo) onPhoto(photo);
    };
    this.#cancel.onclick = onCancel;
    this.#clear.onclick = onClear;
    // HEIC and the like: the ranking may work where the preview does not.
    this.#preview.onerror = () => (this.#preview.hidden = true);
    this.show(undefined, false);
  }

  /** @param {Blob | undefined} photo @param {boolean} busy */
  show(photo, busy) {
    const focused = this.node.contains(/** @type {ShadowRoot} */ (this.node.getRootNode()).activeElement ?? null);
    if (this.#preview.src) URL.revokeObjectURL(this.#preview.src);
    this.#preview.removeAttribute("src");
    if (photo) this.#preview.src = URL.createObjectURL(photo);
    this.#preview.hidden = !photo;
    this.#busy.hidden = !busy;
    this.#choose.hidden = busy;
    this.#choose.textContent = text(photo ? "chooseOther" : "choose");
    this.#clear.hidden = busy || !photo;
    this.#hint.hidden = busy || !!photo;
    if (busy) this.progress({ stage: "loading", fraction: 0 });
    // The button that had the focus may be hidden now.
    if (focused) (busy ? this.#cancel : this.#choose).focus();
  }

  /**
   * Any file is taken: what is no picture gets an answer here instead of taking the browser away from the page.
   *
   * @param {HTMLElement} host
   * @param {(photo: File) => void} onPhoto
   */
  #listen(host, onPhoto) {
    const over = (/** @type {boolean} */ on) => this.node.parentElement?.classList.toggle("over", on);
    /** @param {Event} event @param {DataTransfer | null} data */
    const take = (event, data) => {
      over(false);
      const file = data?.files[0];
      if (!file || this.node.hidden) return;
      event.preventDefault();
      onPhoto(file);
    };
    host.addEventListener("dragover", (event) => {
      if (this.node.hidden || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      over(true);
    });
    host.addEventListener("dragleave", () => over(false));
    host.addEventListener("drop", (event) => take(event, event.dataTransfer));
    host.addEventListener("paste", (event) => take(event, event.clipboardData));
  }

  /** @param {Pick<Progress, "stage" | "fraction">} progress */
  progress({ stage, fraction }) {
    const label = text(stage);
    this.#stage.textContent = label;
    this.#bar.setAttribute("aria-label", label);
    this.#bar.setAttribute("aria-valuenow", String(Math.round(fraction * 100)));
    this.#fill.style.transform = `scaleX(${fraction})`;
  }
}
