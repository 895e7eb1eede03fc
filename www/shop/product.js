/** Shows one product large: picture, title, price, attributes. */
/** @import { Card } from "../shared/types.js" */
import { one } from "./page.js";

/** @param {Card} card @param {URL} folder */
export function showProduct(card, folder) {
  const picture = one("#product img", HTMLImageElement);
  const small = card.thumbnail ? new URL(card.thumbnail, folder).href : "";
  // A catalogue may name pictures that are not hosted beside this page.
  picture.onerror = () => {
    picture.onerror = null;
    if (small) picture.src = small;
  };
  picture.width = card.width;
  picture.height = card.height;
  picture.alt = nameOf(card);
  // The picture's place is known before the picture is there.
  one("#product .stage").style.aspectRatio = `${card.width} / ${card.height}`;
  picture.src = card.image ? new URL(card.image, document.baseURI).href : small;
  one("#product h1").textContent = nameOf(card);
  one("#product .price").textContent = card.price ?? "";
  one("#product dl").replaceChildren(
    ...Object.entries({ ...card.attributes, number: card.id })
      .filter(([, value]) => value)
      .map(([name, value]) => pair(name.replaceAll("_", " "), value)),
  );
}

/** @param {Card} card */
export const nameOf = (card) => card.title || `Product ${card.id}`;

/** @param {string} name @param {string} value */
function pair(name, value) {
  const [pair, term, words] = ["div", "dt", "dd"].map((tag) => document.createElement(tag));
  term.textContent = name;
  words.textContent = value;
  pair.append(term, words);
  return pair;
}
