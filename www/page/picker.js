/** How a shopper brings a photo: a button, the camera of a phone, dropping onto the element, pasting into it. */
/** @import { Attributes } from "./attributes.js" */
import { make } from "./make.js";

/**
 * @typedef {object} Handlers
 * @property {(photo: File) => void} onPhoto
 * @property {() => void} onIntent a photo may be about to come
 */

export class Picker {
  #input = input();
  #camera = input("environment");
  #choose = button("choose");
  #take = button("camera");
  node = make(
    "div",
    { class: "picker", part: "picker" },
    this.#choose,
    // Phones alone show it: their file dialogue need not offer the camera.
    this.#take,
    make("span", { class: "hint drop", part: "hint", "data-text": "orDrop" }),
    make("span", { class: "hint private", part: "privacy", "data-text": "private" }),
    this.#input,
    this.#camera,
  );

  /** @param {Attributes} host @param {Handlers} handlers */
  constructor(host, { onPhoto, onIntent }) {
    this.#listen(host, onPhoto);
    this.#choose.onclick = () => this.open();
    this.#take.onclick = () => this.#camera.click();
    for (const input of [this.#input, this.#camera]) {
      input.onclick = onIntent;
      input.onchange = () => {
        const photo = input.files?.[0];
        // So that the same photo can be chosen once more.
        input.value = "";
        if (photo) onPhoto(photo);
      };
    }
  }

  /** Opens the file dialogue. */
  open() {
    this.#input.click();
  }

  focus() {
    this.#choose.focus();
  }

  /**
   * Any file is taken: what is no picture gets an answer here instead of taking the browser away from the page.
   *
   * @param {Attributes} host
   * @param {(photo: File) => void} onPhoto
   */
  #listen(host, onPhoto) {
    for (const type of ["dragover", "dragleave", "drop", "paste"]) {
      host.addEventListener(type, (event) => {
        const { dataTransfer, clipboardData } = /** @type {DragEvent & ClipboardEvent} */ (event);
        const { files, types } = dataTransfer ?? clipboardData ?? { files: [], types: /** @type {string[]} */ ([]) };
        const comes = host.photo && types.includes("Files");
        const over = type === "dragover" && comes;
        this.node.parentElement?.classList.toggle("over", over);
        const file = comes && !/^drag/.test(type) && files[0];
        if (over || file) event.preventDefault();
        if (file) onPhoto(file);
      });
    }
  }
}

/** @param {string} name of the part and of the text */
const button = (name) => make("button", { type: "button", class: name, part: `button ${name}`, "data-text": name });

/** @param {string} [capture] */
const input = (capture) => make("input", { type: "file", accept: "image/*", capture, hidden: true });
