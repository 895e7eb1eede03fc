/** The shadow tree: heading, search by photo, message, list, and a line that screen readers hear. */
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
  results = make("div", { class: "results" }, this.#list);
  #slot = make("slot");
  #said = make("p", { part: "message-text" });
  #none = make("slot", { name: "empty" }, make("p", { part: "message-text", "data-text": "none" }));
  #retry = make("button", { type: "button", part: "button retry", "data-text": "retry" });
  #message = make("div", { class: "message", part: "message", hidden: true }, this.#said, this.#none, this.#retry);
  #heard = make("p", { class: "heard", role: "status" });
  #filled = false;
  #expected = 0;
  #offered = false;
  /** For style sheets of the page, `more-like-this:state(empty)`. @type {Set<string> | undefined} */
  #states;
  /** What has left the viewport may change its height unseen. */
  #unseen = new IntersectionObserver(([{ isIntersecting }], observer) => {
    if (isIntersecting) return;
    this.base.style.minHeight = "";
    observer.disconnect();
  });
  /** @type {Texts | undefined} */
  #texts;
  /** The search by photo, once there is one. @type {import("./panel.js").Panel | undefined} */
  panel;

  /**
   * @param {import("./attributes.js").Attributes} host
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
      this.results,
      this.#slot,
      this.#heard,
    );
    this.root = host.attachShadow({ mode: "open" });
    this.#states = host.attachInternals?.().states;
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
    this.picker.node.hidden = !this.#offered;
    this.panel?.arrange(this, this.#offered);
  }

  /** Keeps the place of the controls, so that nothing moves when they come. @param {boolean} asked */
  askControls(asked) {
    this.#controls.hidden = !asked;
  }

  /** @param {Part} controls */
  addControls(controls) {
    this.#controls.replaceChildren(controls.node);
    this.adopt(controls);
  }

  /** @param {Part} part */
  adopt({ node, sheets }) {
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
    this.#mark("loading");
    this.#reserve();
  }

  /**
   * With no products the page's own content is back.
   *
   * @param {HTMLLIElement[]} items
   * @param {boolean} [asked] whether the shopper has asked for something, and so is told of nothing too
   */
  show(items, asked = false) {
    const some = items.length > 0;
    const focused = this.#focusedRank();
    this.#keep(items.length, () => {
      this.#settle(some);
      this.#list.hidden = !some;
      this.#list.replaceChildren(...items);
      this.#tell(!some && (asked || this.#none.assignedNodes().length > 0), false);
      this.#none.hidden = some;
      // A heading of nothing.
      this.base.classList.toggle("bare", !some && !asked && !this.#own());
    });
    this.#mark(some ? "filled" : "empty");
    // Whoever stood on the third card stands on the third card.
    if (focused >= 0) this.#list.querySelectorAll("a")[Math.min(focused, items.length - 1)]?.focus();
  }

  /** Nothing is asked: the page's own content is back. */
  empty() {
    this.show([], true);
    this.#message.hidden = true;
  }

  /** @param {string} words @param {boolean} retry @param {boolean} stays whether what is on show still answers what is asked */
  fail(words, retry, stays) {
    this.#keep(0, () => {
      this.#settle(this.#filled && stays);
      this.#list.hidden = !this.#filled;
      this.#tell(true, retry);
      this.#none.hidden = true;
    });
    this.#said.textContent = words;
    this.say(words);
    this.#mark("failed");
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

  /** @param {boolean} filled */
  #settle(filled) {
    this.#expected = 0;
    this.#filled = filled;
    this.#slot.hidden = filled;
    this.#list.classList.remove("stale");
    this.#list.removeAttribute("aria-busy");
    this.base.classList.remove("bare");
  }

  /** Keeps the place of what is to come, unless the page has put something there itself. */
  #reserve() {
    if (this.#filled) return;
    this.#keep(this.#expected, () => {
      this.#list.hidden = this.#own() || this.#expected === 0;
      if (this.#list.childElementCount !== this.#expected) this.#list.replaceChildren(...placeholders(this.#expected));
    });
  }

  /** Whether the page has put something there. */
  #own() {
    return this.#slot.assignedNodes().some((node) => node.nodeType === 1 || node.textContent?.trim());
  }

  /**
   * Where fewer come than place was kept for, what is below would move under the reader's eyes: the height stays until nobody
   * sees it.
   *
   * @param {number} count of products
   * @param {() => void} change
   */
  #keep(count, change) {
    const { base } = this;
    const height = !this.#filled && count < this.#list.childElementCount ? base.offsetHeight : 0;
    change();
    if (!height || base.offsetHeight >= height) return;
    base.style.minHeight = `${height}px`;
    this.#unseen.observe(base);
  }

  /** @param {string} state */
  #mark(state) {
    try {
      this.#states?.clear();
      this.#states?.add(state);
    } catch {
      // Browsers of 2023 take only names with two dashes.
    }
  }

  #focusedRank() {
    return [...this.#list.querySelectorAll("a")].findIndex((anchor) => anchor === this.root.activeElement);
  }
}
