/** The shadow tree: heading, picker, message, list, and a line that screen readers hear. It decides nothing. */
/** @import { Neighbour } from "../shared/types.js" */
import { cards, placeholders } from "./cards.js";
import { make } from "./make.js";
import { Picker } from "./picker.js";
import { styles } from "./styles.js";
import { errorText, text } from "./texts.js";

export class View {
  #heading = make("h2", { part: "heading" });
  #list = make("ul", { part: "list", role: "list" });
  #slot = make("slot");
  #said = make("p", { part: "message-text" });
  #retry = make("button", { type: "button", part: "button retry" }, text("retry"));
  #message = make("div", { class: "message", part: "message", hidden: true }, this.#said, this.#retry);
  #heard = make("p", { class: "heard", role: "status" });
  #filled = false;
  #expected = 0;

  /**
   * @param {HTMLElement} host
   * @param {import("./picker.js").Handlers & { onRetry: () => void }} handlers
   */
  constructor(host, handlers) {
    this.picker = new Picker(host, handlers);
    this.#retry.onclick = handlers.onRetry;
    this.#slot.onslotchange = () => this.#reserve();
    this.base = make(
      "section",
      { part: "base" },
      make("slot", { name: "heading" }, this.#heading),
      this.picker.node,
      this.#message,
      this.#list,
      this.#slot,
      this.#heard,
    );
    const root = host.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [styles];
    root.append(this.base);
    this.offerPhoto(false);
  }

  /** @param {string | null} heading */
  setHeading(heading) {
    this.#heading.textContent = heading ?? text("heading");
    this.#heading.hidden = heading === "";
    this.base.setAttribute("aria-label", heading || text("heading"));
  }

  /** @param {boolean} offered */
  offerPhoto(offered) {
    this.picker.node.hidden = !offered;
  }

  /** What is there stays until something better comes. @param {number} expected 0: nothing to wait for */
  wait(expected) {
    this.#expected = expected;
    this.#message.hidden = true;
    this.#list.classList.toggle("stale", this.#filled);
    this.#list.setAttribute("aria-busy", String(expected > 0));
    this.#reserve();
  }

  /** @param {Neighbour[]} neighbours @param {Parameters<typeof cards>[1]} options */
  show(neighbours, options) {
    const focused = this.#focusedRank();
    this.#settle();
    this.#filled = true;
    this.#slot.hidden = true;
    this.#list.replaceChildren(...cards(neighbours, options));
    this.#list.hidden = neighbours.length === 0;
    this.#message.hidden = neighbours.length > 0;
    this.#retry.hidden = true;
    this.#said.textContent = text("none");
    // Whoever stood on the third card stands on the third card.
    if (focused >= 0) this.#list.querySelectorAll("a")[Math.min(focused, neighbours.length - 1)]?.focus();
  }

  /** Nothing is asked: the page's own content is back. */
  empty() {
    this.#settle();
    this.#filled = false;
    this.#slot.hidden = false;
    this.#list.hidden = true;
    this.#list.replaceChildren();
  }

  /** @param {string} code @param {boolean} retry */
  fail(code, retry) {
    this.#settle();
    if (!this.#filled) this.#list.hidden = true;
    this.#said.textContent = errorText(code);
    this.#retry.hidden = !retry;
    this.#message.hidden = false;
    this.say(errorText(code));
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
    const root = /** @type {ShadowRoot} */ (this.base.getRootNode());
    return [...this.#list.querySelectorAll("a")].findIndex((anchor) => anchor === root.activeElement);
  }
}
