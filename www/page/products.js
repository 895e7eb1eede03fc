/** The products on show: cards of the element's own, or of the shop's making, whose module is loaded where there are any. */
/** @import { Neighbour } from "../shared/types.js" */
/** @import { Folder } from "../shared/folder.js" */
/** @import { Attributes } from "./attributes.js" */
/** @import { Texts } from "./texts.js" */
import { cards } from "./cards.js";
import { lazyImport } from "./lazy_import.js";

/** @typedef {{ folder: Folder, neighbours: Neighbour[] }} Shown */

/** @type {typeof import("./templates.js") | undefined} */
let templates;

/** Takes away the cards of the shop's making. @param {Attributes} host */
export const clearOwn = (host) => templates?.clearOwn(host);

/**
 * @param {Attributes} host
 * @param {() => Shown | undefined} shown
 * @param {Texts} texts
 * @param {(error: unknown) => void} onFault
 * @param {(neighbour: Neighbour) => boolean} onSelect false: the page goes there itself
 * @returns {Promise<HTMLLIElement[] | undefined>} one a product; undefined: nothing has been found yet
 */
export async function productsOf(host, shown, texts, onFault, onSelect) {
  const own = host.renderItem ?? host.querySelector(":scope > template[slot=item]");
  if (own && shown()) templates ??= await lazyImport("templates", () => import("./templates.js"));
  const { folder, neighbours } = shown() ?? {};
  if (!folder || !neighbours) return undefined;
  /** @type {Parameters<typeof cards>[1]} */
  const options = {
    folder: folder.url,
    link: host.link,
    distances: host.distances,
    texts,
    onFault,
    onSelect: (event, neighbour) => {
      // With a key held down it opens elsewhere, and this page goes on as it is.
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      if (!onSelect(neighbour)) event.preventDefault();
    },
  };
  if (own && templates) return templates.ownCards(host, /** @type {HTMLTemplateElement} */ (own), neighbours, options);
  clearOwn(host);
  return cards(neighbours, options);
}
