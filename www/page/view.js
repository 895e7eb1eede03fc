/** The shadow tree: heading, search by photo, message, list, and a line that screen readers hear. It decides nothing. */
/** @import { Texts } from "./texts.js" */
import { placeholders } from "./cards.js";
import { make } from "./make.js";
import { Picker } from "./picker.js";
import { styles } from "./styles.js";
import { translate } from "./texts.js";

/** @typedef {{ node: HTMLElement, sheets: CSSStyleSheet[] }} Part what is loaded later */

export class View {
  #heading = make("h2", { part: "heading" }, "\u00a0");
  #controls = make("div", { class: "controls", part: "controls", hidden: true });
  #list = make("ul", { part: "list", role: "list" });
  #results = make("div", { class: "results" }, this.#list);
  #slot = make("slot");
  #said = make("p", { part: "message-text" });
  #none = make("slot", { name: "empty" }, make("p", { part: "message-text", "data-text": "none" }));
  #retry = make("button", { type: "button", part: "button retry", "data-text": "retry" });
  #message = make("div", { class: "message", part: "message", hidden: true }, this.#said, this.#none, this.#retry);
  #heard = make("p", { class: "heard", role: "status" });
  #filled = false;
  #expected = 0;
  #offered = false;
  /** @type {Texts | undefined} */
  #texts;
  /** The search by photo, once there is one. @type {import("./panel.js").Panel | undefined} */
  panel;

  /**
   * @param {HTMLElement} host
   * @param {import("./picker.js").Handlers & { onRetry: () => void }} handlers
   */
  constructor(host, handlers) {
    this.picker = new Picker(host, handlers);
    this.#retry.onclick = handlers.onRetry;
    this.#slot.onslotchange = () => this.#reserve();
    this.base = make(
      // No landmark: a page may hold many of the same name.
      "div",
      { part: "base", role: "group" },
      make("slot", { name: "heading" }, this.#heading),
      this.picker.node,
      this.#controls,
      this.#message,
      this.#results,
      this.#slot,
      this.#heard,
    );
    this.root = host.attachShadow({ mode: "open" });
    this.root.adoptedStyleSheets = [styles];
    this.root.append(this.base);
    this.arrange();
  }

  /** @param {Texts} texts @param {string | null} heading */
  speak(texts, heading) {
    this.#texts = texts;
    this.base.lang = texts.lang;
    translate(this.base, texts);
    this.#heading.textContent = heading ?? texts.get("heading");
    this.#heading.hidden = heading === "";
    this.base.setAttribute("aria-label", heading || texts.get("heading"));
  }

  /** @param {boolean} offered */
  offerPhoto(offered) {
    this.#offered = offered;
    this.arrange();
  }

  /** Where there is a photo, the panel stands in the picker's place. */
  arrange() {
    const { panel, picker } = this;
    const photo = this.#offered && !!panel?.photo;
    const focused = [picker.node, panel?.node].find((node) => node?.contains(this.root.activeElement));
    picker.node.hidden = !this.#offered || photo;
    if (!panel) return;
    panel.node.hidden = !photo;
    (photo ? panel.side : this.#results).append(panel.progress.node);
    // What had the focus may be hidden now.
    if (focused?.hidden) (photo ? panel : picker).focus();
  }

  /** @param {import("./panel.js").Panel} panel */
  addPanel(panel) {
    this.panel = panel;
    this.picker.node.after(panel.node);
    this.#add(panel);
  }

  /** Keeps the place of the controls, so that nothing moves when they come. @param {boolean} asked */
  askControls(asked) {
    this.#controls.hidden = !asked;
  }

  /** @param {Part} controls */
  addControls(controls) {
    this.#controls.replaceChildren(controls.node);
    this.#add(controls);
  }

  /** @param {Part} part */
  #add({ node, sheets }) {
    const adopted = this.root.adoptedStyleSheets;
    this.root.adoptedStyleSheets = [...adopted, ...sheets.filter((sheet) => !adopted.includes(sheet))];
    if (this.#texts) translate(node, this.#texts);
  }

  /** What is there stays until something better comes. @param {number} expected 0: nothing to wait for */
  wait(expected) {
    this.#expected = expected;
    this.#message.hidden = true;
    this.#list.classList.toggle("stale", this.#filled);
    this.#list.setAttribute("aria-busy", String(expected > 0));
    this.#reserve();
  }

  /** @param {HTMLLIElement[]} items */
  show(items) {
    const focused = this.#focusedRank();
    this.#settle();
    this.#filled = true;
    this.#slot.hidden = true;
    this.#list.replaceChildren(...items);
    this.#list.hidden = items.length === 0;
    this.#tell(items.length === 0, false);
    this.#none.hidden = items.length > 0;
    // Whoever stood on the third card stands on the third card.
    if (focused >= 0) this.#list.querySelectorAll("a")[Math.min(focused, items.length - 1)]?.focus();
  }

  /** Nothing is asked: the page's own content is back. */
  empty() {
    this.#settle();
    this.#filled = false;
    this.#slot.hidden = false;
    this.#list.hidden = true;
    this.#list.replaceChildren();
  }

  /** @param {string} words @param {boolean} retry */
  fail(words, retry) {
    this.#settle();
    if (!this.#filled) this.#list.hidden = true;
    this.#tell(true, retry);
    this.#none.hidden = true;
    this.#said.textContent = words;
    this.say(words);
  }

  /** @param {boolean} something @param {boolean} retry */
  #tell(something, retry) {
    this.#message.hidden = !something;
    this.#retry.hidden = !retry;
    this.#said.textContent = "";
  }

  /** @param {string} words */
  say(words) {
    this.#heard.textContent = words;
  }

  #settle() {
    this.#expected = 0;
    this.#list.classList.remove("stale");
    this.#list.removeAttribute("aria-busy");
  }

  /** Keeps the place of what is to come, unless the page has put something there itself. */
  #reserve() {
    if (this.#filled) return;
    const own = this.#slot.assignedNodes().some((node) => node.nodeType === 1 || node.textContent?.trim());
    this.#list.hidden = own || this.#expected === 0;
    if (this.#list.childElementCount !== this.#expected) this.#list.replaceChildren(...placeholders(this.#expected));
  }

  #focusedRank() {
    return [...this.#list.querySelectorAll("a")].findIndex((anchor) => anchor === this.root.activeElement);
  }
}
