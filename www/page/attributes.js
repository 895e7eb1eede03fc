/** The attributes of <more-like-this> as properties, both ways. What each means stands in element.js. */
/** @import { How, Rules } from "../shared/types.js" */
/** @import { RenderItem } from "./templates.js" */
/** @import { Entries } from "./texts.js" */

const DEFAULT_LIMIT = 8;
/** More is a catalogue, not a hint; and an attribute should not be able to fill the page. */
const MAX_LIMIT = 200;

/** A number from 0 to 1, or undefined. @param {string | null} text */
const share = (text) => {
  const number = Number(text || Number.NaN);
  return number >= 0 && number <= 1 ? number : undefined;
};

/** Apart from its use, since bundlers take `new URL(text, import.meta.url)` for a file to be bundled. */
const HERE = import.meta.url;
/** The folder that holds this widget: page/ lies in widget-<hash>/, which lies in the folder. */
const HOME = new URL("../../", HERE).href;

/** @param {string | null} text */
const plain = (text) => text ?? "";

/** `photo="false"`, as frameworks write it, is none. @param {string | null} text */
const flag = (text) => (text ?? "false") !== "false";

/** What each property gives, by its attribute. */
const READ = {
  item: (/** @type {string | null} */ text) => plain(text).trim(),
  /** Always absolute. @param {string | null} text */
  src: (text) => (text === null ? HOME : new URL(text, document.baseURI).href),
  metric: (/** @type {string | null} */ text) => text || "cosine",
  limit: (/** @type {string | null} */ text) => {
    const limit = Number.parseInt(text ?? "", 10);
    return limit > 0 ? Math.min(limit, MAX_LIMIT) : DEFAULT_LIMIT;
  },
  /** Absolute; undefined: in the folder. @param {string | null} text */
  network: (text) => (text ? new URL(text, document.baseURI).href : undefined),
  filter: plain,
  /** Undefined: not given. */
  colour: share,
  diversity: share,
  /** Null: the default text. @param {string | null} text */
  heading: (text) => text,
  link: plain,
  distances: flag,
  photo: flag,
  layout: (/** @type {string | null} */ text) => (text === "strip" ? text : "grid"),
  controls: plain,
  filters: plain,
};

/** @typedef {{ [Name in keyof typeof READ]: ReturnType<(typeof READ)[Name]> }} Properties */

/** On a server, where there are no elements, this file is imported all the same. */
const Base = globalThis.HTMLElement ?? /** @type {typeof HTMLElement} */ (class {});

class WithAttributes extends Base {
  static observedAttributes = [...Object.keys(READ), "lang"];
  /** @type {Rules} */
  #rules = {};
  /** @type {Partial<Entries>} */
  #texts = {};
  /** @type {RenderItem | undefined} */
  #renderItem;

  /** What attributes cannot say; they go before it. @returns {Rules} */
  get rules() {
    return this.#rules;
  }
  set rules(value) {
    this.#rules = value ?? {};
    this.attributeChangedCallback("rules", "", null);
  }

  /** What to say otherwise than texts.js and languages/ do. */
  get texts() {
    return this.#texts;
  }
  set texts(value) {
    this.#texts = value ?? {};
    this.attributeChangedCallback("lang", "", null);
  }

  /** Makes a product's card; what it gives becomes a child of the element. */
  get renderItem() {
    return this.#renderItem;
  }
  set renderItem(value) {
    this.#renderItem = value ?? undefined;
    this.attributeChangedCallback("link", "", null);
  }

  /** @param {string} _name @param {string | null} _before @param {string | null} _after */
  attributeChangedCallback(_name, _before, _after) {}

  /** What the attributes and rules ask for. @returns {How} */
  get how() {
    const { metric, limit, colour, filter, diversity } = /** @type {Properties} */ (/** @type {unknown} */ (this));
    /** @type {Rules} */
    const rules = { ...this.#rules, ...(filter && { filter }), ...(diversity && { diversity }) };
    return { metric, limit, ...(colour !== undefined && { colour }), ...(Object.keys(rules).length > 0 && { rules }) };
  }

  /** Takes over properties that were set before the element was defined; frameworks do that. */
  takeOver() {
    const self = /** @type {Record<string, any>} */ (/** @type {unknown} */ (this));
    for (const name of [...WithAttributes.observedAttributes, "rules", "texts", "renderItem"]) {
      if (!Object.hasOwn(this, name)) continue;
      const value = self[name];
      delete self[name];
      self[name] = value;
    }
  }
}

for (const [name, read] of Object.entries(READ)) {
  Object.defineProperty(WithAttributes.prototype, name, {
    configurable: true,
    enumerable: true,
    /** @this {Element} */
    get() {
      return read(this.getAttribute(name));
    },
    /** @this {Element} @param {any} value */
    set(value) {
      if (value === null || value === undefined || value === false) this.removeAttribute(name);
      else this.setAttribute(name, value === true ? "" : String(value));
    },
  });
}

/** @typedef {WithAttributes & Properties} Attributes */
export const Attributes = /** @type {{ new (): Attributes, observedAttributes: string[] }} */ (/** @type {unknown} */ (WithAttributes));
