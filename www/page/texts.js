/**
 * Every text a shopper reads or hears. English is here, or in texts_later.js what nobody reads before a photo or a filter;
 * each other language is a file of languages/, loaded when a page speaks it.
 *
 * `{name}` is replaced; a text that depends on a number is an object of plural forms by the names of Intl.PluralRules.
 * `errors` is what to say of an error: by its code, or else by the part of its code before the slash. `columns` names
 * the shop's attributes; those it lacks are called as in the shop's table.
 */
import { lazyImport } from "./lazy_import.js";

const english = {
  heading: "More like this",
  shown: { one: "{count} similar product shown.", other: "{count} similar products shown." },
  product: "Product {id}",
  distance: "Distance",
  none: "No similar products were found.",
  retry: "Try again",
  choose: "Search with a photo",
  camera: "Take a photo",
  orDrop: "or drop or paste one here",
  private: "Your photo stays on this device.",
  errors: /** @type {Record<string, string>} */ ({
    folder: "Similar products could not be loaded.",
    "folder/unreachable": "Similar products could not be loaded. Is there a connection?",
    "folder/newer-version": "This page is older than the shop. Please reload it.",
    widget: "This page is older than the shop. Please reload it.",
    other: "Something went wrong. Please try again.",
  }),
};

/**
 * @typedef {typeof english & Omit<typeof import("./texts_later.js").later, "errors">} English
 * @typedef {Omit<English, "shown"> & { shown: string | Record<string, string>, columns: Record<string, string> }} Entries
 * @typedef {Exclude<keyof Entries, "errors" | "columns">} Text
 */

/** Adds the English texts of a part that is loaded later. @param {Partial<English>} entries */
export function teach({ errors, ...entries }) {
  Object.assign(english, entries);
  Object.assign(english.errors, errors);
}

const LANGUAGES = ["ar", "de", "es", "fr", "he", "it", "ja", "nl", "pl", "pt", "sv", "zh"];

/**
 * The first number that Intl writes takes a slow phone a tenth of a second (`make pace`). Below a thousand only one of our
 * languages needs it.
 *
 * @param {number} value @param {string} lang
 */
const digits = (value, lang) =>
  Number.isInteger(value) && value >= 0 && value < 1000 && !lang.startsWith("ar") ? String(value) : value.toLocaleString(lang);

export class Texts {
  /** Of the texts, which is not always that of the page. */
  lang;
  /** The first that has a text gives it. @type {Partial<Entries>[]} */
  #sources;

  /** @param {string} lang @param {Partial<Entries>} [entries] those it lacks are English @param {Partial<Entries>} [own] the shop's */
  constructor(lang, entries = {}, own = {}) {
    this.lang = lang;
    this.#sources = [own, entries, /** @type {Partial<Entries>} */ (english)];
  }

  /**
   * @param {Text} key
   * @param {Record<string, string | number>} [values]
   */
  get(key, values = {}) {
    const entry = this.#sources.find((source) => source[key])?.[key] ?? "";
    const plain =
      typeof entry === "string" ? entry : (entry[new Intl.PluralRules(this.lang).select(Number(values.count))] ?? entry.other);
    return plain.replace(/\{(\w+)\}/g, (_, name) => {
      const value = values[name];
      return typeof value === "number" ? digits(value, this.lang) : value;
    });
  }

  /** @param {string} code */
  error(code) {
    for (const key of [code, code.split("/")[0], "other"]) {
      const found = this.#sources.find(({ errors }) => errors?.[key])?.errors?.[key];
      if (found) return found;
    }
    return "";
  }
}

/** That of the nearest ancestor that has one; of the page, where shadow trees hide it. @param {Element} element */
export function languageOf(element) {
  const near = /** @type {HTMLElement | null} */ (element.closest("[lang]"));
  return near?.lang || document.documentElement.lang;
}

/**
 * English where the language is not spoken here.
 *
 * @param {string} lang as in an attribute: `pt-BR`
 * @param {Partial<Entries>} [own]
 * @returns {Texts | Promise<Texts>} English at once, any other language when it is loaded; rejects with a LookalikeError
 */
export function textsOf(lang, own) {
  const base = lang.toLowerCase().split(/[-_]/)[0];
  // Chinese is simplified here, which is not read everywhere.
  if (!LANGUAGES.includes(base) || /^zh.(tw|hk|mo|hant)/i.test(lang)) return new Texts("en", {}, own);
  return lazyImport(`languages/${base}`, () => import(`./languages/${base}.js`)).then(({ default: entries }) => new Texts(base, entries, own));
}

/**
 * Writes the texts that nodes ask for by `data-text` (their content) and `data-label` (their accessible name).
 *
 * @param {HTMLElement} root
 * @param {Texts} texts
 */
export function translate(root, texts) {
  for (const node of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-text], [data-label]"))) {
    const { text, label } = /** @type {Record<string, Text | undefined>} */ (node.dataset);
    if (text) node.textContent = texts.get(text);
    if (label) node.setAttribute(node.localName === "img" ? "alt" : "aria-label", texts.get(label));
  }
}
