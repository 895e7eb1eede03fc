/** The list of products: placeholders that keep its place, then cards. */
/** @import { Card, Neighbour } from "../shared/types.js" */
/** @import { Texts } from "./texts.js" */
import { make } from "./make.js";

/**
 * As many empty cards as products are expected, of the same size.
 *
 * @param {number} count
 */
export const placeholders = (count) =>
  Array.from({ length: count }, (_, index) =>
    item(index, make("div", { class: "card" }, make("div", { class: "frame", part: "placeholder" }), words())),
  );

/**
 * @param {Neighbour[]} neighbours
 * @param {{ folder: URL, link: string, distances: boolean, texts: Texts, onFault?: (error: unknown) => void, onSelect: (event: MouseEvent, neighbour: Neighbour) => void }} options
 */
export function cards(neighbours, { folder, link, distances, texts, onSelect }) {
  return neighbours.map((neighbour, index) => {
    const { card, distance } = neighbour;
    const name = card.title || texts.get("product", { id: card.id });
    const anchor = make(
      "a",
      { class: "card", part: "card", href: address(card, link) },
      make("div", { class: "frame", part: "frame" }, picture(card, folder)),
      words(
        make("span", { class: "title", part: "title", dir: "auto" }, name),
        card.price ? make("span", { class: "price", part: "price", dir: "auto" }, card.price) : undefined,
        distances ? score(distance, texts) : undefined,
      ),
    );
    anchor.onclick = (event) => onSelect(event, neighbour);
    return item(index, anchor);
  });
}

/** @param {number} index @param {Node} child */
const item = (index, child) => make("li", { part: `item rank-${index + 1}` }, child);

/** @param {...(Node | undefined)} children */
const words = (...children) => make("div", { class: "words", part: "words" }, ...children);

/** @param {number} distance @param {Texts} texts */
function score(distance, texts) {
  const name = make("span", { class: "heard" }, `${texts.get("distance")} `);
  return make("span", { class: "distance", part: "distance" }, name, shown(distance));
}

/** Cosine lies between 0 and 2, the others go into the hundreds: four figures tell neighbours apart in both. @param {number} distance */
export const shown = (distance) => (distance < 5e-5 ? "0" : distance.toPrecision(4));

/** The title beside it says what it shows. @param {Card} card @param {URL} folder */
function picture(card, folder) {
  const { width, height } = card;
  return make("img", { part: "image", src: pictureOf(card, folder), width, height, alt: "", loading: "lazy", decoding: "async" });
}

/** @param {Card} card @param {URL} folder */
export const pictureOf = ({ thumbnail, image }, folder) => thumbnailUrl(thumbnail, folder) ?? webUrl(image);

/** Thumbnails are the folder's own: none points out of it. @param {string | undefined} path @param {URL} folder */
export function thumbnailUrl(path, folder) {
  const url = path && webUrl(path, folder.href);
  return url && url.startsWith(folder.href) ? url : undefined;
}

/** @param {Card} card @param {string} link */
export const address = (card, link) => webUrl(link ? link.replaceAll("{id}", encodeURIComponent(card.id)) : card.url);

/**
 * Catalogues come from anywhere; an address that could run script is none.
 *
 * @param {string | undefined} address
 * @param {string} [base]
 */
export function webUrl(address, base = document.baseURI) {
  if (!address) return undefined;
  try {
    const url = new URL(address, base);
    return /^https?:$/.test(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}
