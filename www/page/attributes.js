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

export class Attributes extends HTMLElement {
  static observedAttributes = [
    ...["item", "src", "metric", "limit", "network", "filter", "colour", "diversity"],
    ...["heading", "link", "distances", "photo", "layout", "controls", "filters", "lang"],
  ];
  /** @type {Rules} */
  #rules = {};
  /** @type {Partial<Entries>} */
  #texts = {};
  /** @type {RenderItem | undefined} */
  #renderItem;

  get item() {
    return this.getAttribute("item") ?? "";
  }
  set item(value) {
    this.#put("item", value);
  }

  /** Always absolute. */
  get src() {
    const src = this.getAttribute("src");
    return src === null ? HOME : new URL(src, document.baseURI).href;
  }
  set src(value) {
    this.#put("src", value);
  }

  get metric() {
    return this.getAttribute("metric") || "cosine";
  }
  set metric(value) {
    this.#put("metric", value);
  }

  get limit() {
    const limit = Number.parseInt(this.getAttribute("limit") ?? "", 10);
    return limit > 0 ? Math.min(limit, MAX_LIMIT) : DEFAULT_LIMIT;
  }
  set limit(value) {
    this.#put("limit", value);
  }

  /** Absolute. @returns {string | undefined} undefined: in the folder */
  get network() {
    const network = this.getAttribute("network");
    return network ? new URL(network, document.baseURI).href : undefined;
  }
  set network(value) {
    this.#put("network", value);
  }

  get filter() {
    return this.getAttribute("filter") ?? "";
  }
  set filter(value) {
    this.#put("filter", value);
  }

  /** @returns {number | undefined} undefined: not given */
  get colour() {
    return share(this.getAttribute("colour"));
  }
  set colour(value) {
    this.#put("colour", value);
  }

  /** @returns {number | undefined} */
  get diversity() {
    return share(this.getAttribute("diversity"));
  }
  set diversity(value) {
    this.#put("diversity", value);
  }

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
    const { metric, limit, colour, filter, diversity } = this;
    /** @type {Rules} */
    const rules = { ...this.#rules, ...(filter && { filter }), ...(diversity && { diversity }) };
    return { metric, limit, ...(colour !== undefined && { colour }), ...(Object.keys(rules).length > 0 && { rules }) };
  }

  /** @returns {string | null} null: the default text */
  get heading() {
    return this.getAttribute("heading");
  }
  set heading(value) {
    this.#put("heading", value);
  }

  get link() {
    return this.getAttribute("link") ?? "";
  }
  set link(value) {
    this.#put("link", value);
  }

  get distances() {
    return this.hasAttribute("distances");
  }
  set distances(value) {
    this.toggleAttribute("distances", value);
  }

  get photo() {
    return this.hasAttribute("photo");
  }
  set photo(value) {
    this.toggleAttribute("photo", value);
  }

  /** @returns {string} */
  get layout() {
    return this.getAttribute("layout") === "strip" ? "strip" : "grid";
  }
  set layout(value) {
    this.#put("layout", value);
  }

  get controls() {
    return this.getAttribute("controls") ?? "";
  }
  set controls(value) {
    this.#put("controls", value);
  }

  get filters() {
    return this.getAttribute("filters") ?? "";
  }
  set filters(value) {
    this.#put("filters", value);
  }

  /** @param {string} name @param {string | number | null | undefined} value */
  #put(name, value) {
    if (value === null || value === undefined) this.removeAttribute(name);
    else this.setAttribute(name, String(value));
  }

  /** Takes over properties that were set before the element was defined; frameworks do that. */
  takeOver() {
    const self = /** @type {Record<string, any>} */ (/** @type {unknown} */ (this));
    for (const name of [...Attributes.observedAttributes, "rules", "texts", "renderItem"]) {
      if (!Object.hasOwn(this, name)) continue;
      const value = self[name];
      delete self[name];
      self[name] = value;
    }
  }
}
