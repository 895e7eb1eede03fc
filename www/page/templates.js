/**
 * Cards of the shop's own making: by a <template slot="item"> in the element, or by the property `renderItem`.
 *
 * They are children of the element, each in a slot of its own, so that the page's own styles reach them. What comes from the
 * catalogue is set as text, and as addresses only those that cannot run script.
 */
/** @import { Neighbour } from "../shared/types.js" */
import { LookalikeError } from "../shared/errors.js";
import { address, cards, pictureOf, shown } from "./cards.js";
import { make } from "./make.js";

/**
 * @typedef {{ href: string | undefined, image: string | undefined, index: number }} Place
 * @typedef {(neighbour: Neighbour, place: Place) => Node | string} RenderItem
 * @typedef {Parameters<typeof import("./cards.js").cards>[1]} Options
 */

/** The children that this file has put there. @type {WeakMap<HTMLElement, HTMLElement[]>} */
const placed = new WeakMap();

/** @param {HTMLElement} host */
export function clearOwn(host) {
  // Those too that came along with a copy of the host: a clone, a page that was saved or kept by a router.
  for (const child of host.querySelectorAll(":scope > div[slot^=item-]")) child.remove();
  placed.delete(host);
}

/**
 * @param {HTMLElement} host
 * @param {RenderItem | HTMLTemplateElement} how
 * @param {Neighbour[]} neighbours
 * @param {Options} options
 */
export function ownCards(host, how, neighbours, options) {
  if (how instanceof HTMLTemplateElement && isEmpty(how)) {
    options.onFault?.(new LookalikeError("template/empty", "the template for cards has nothing in it"));
    clearOwn(host);
    return cards(neighbours, options);
  }
  const focused = placed.get(host)?.findIndex((child) => child.contains(document.activeElement)) ?? -1;
  clearOwn(host);
  const children = neighbours.map((neighbour, index) => {
    const { card } = neighbour;
    const place = { href: address(card, options.link), image: pictureOf(card, options.folder), index };
    const content = how instanceof HTMLTemplateElement ? filled(how, neighbour, place, options) : how(neighbour, place);
    const child = make("div", { slot: `item-${index + 1}` }, content);
    child.onclick = (event) => {
      if (event.target instanceof Element && event.target.closest("a")) options.onSelect(event, neighbour);
    };
    return child;
  });
  placed.set(host, children);
  host.append(...children);
  if (focused >= 0) children[Math.min(focused, children.length - 1)]?.querySelector("a")?.focus();
  return children.map((child, index) => make("li", { part: `item rank-${index + 1}` }, make("slot", { name: child.slot })));
}

/** React and Vue put a template's children beside its content, where a parser would not. @param {HTMLTemplateElement} template */
function copyOf({ content, childNodes }) {
  const copy = document.createDocumentFragment();
  for (const node of content.hasChildNodes() ? content.childNodes : childNodes) copy.append(document.importNode(node, true));
  return copy;
}

/** Whether there is nothing to make cards of. @param {HTMLTemplateElement} template */
const isEmpty = ({ content, childNodes }) => ![...content.childNodes, ...childNodes].some((node) => node.nodeType === 1);

/**
 * @param {HTMLTemplateElement} template
 * @param {Neighbour} neighbour
 * @param {Place} place
 * @param {Options} options
 */
function filled(template, { id, distance, card }, { href, image }, { texts }) {
  const name = card.title || texts.get("product", { id });
  /** @type {Record<string, string | undefined>} */
  const fields = { ...card.attributes, id, title: name, price: card.price, distance: shown(distance) };
  const content = copyOf(template);
  for (const node of content.querySelectorAll("[data-field]")) {
    const { field = "" } = /** @type {HTMLElement} */ (node).dataset;
    if (node instanceof HTMLImageElement && field === "image") {
      const alt = content.querySelector("[data-field=title]") ? "" : name;
      Object.assign(node, { loading: "lazy", decoding: "async", alt, width: card.width, height: card.height });
      if (image) node.src = image;
    } else if (node instanceof HTMLAnchorElement && field === "link") {
      if (href) node.href = href;
    } else {
      node.textContent = fields[field] ?? "";
      node.toggleAttribute("hidden", !fields[field]);
    }
  }
  return content;
}
