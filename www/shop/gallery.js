/** The gallery: another product in each example, chosen by chance, and the language of the last. */
/** @import { MoreLikeThis } from "../page/element.js" */
import { all, one } from "./page.js";

const FOLDER = "../lookalike/";

await customElements.whenDefined("more-like-this");
const Element = /** @type {typeof MoreLikeThis} */ (customElements.get("more-like-this"));

const wanted = new URLSearchParams(location.search).get("item");
const widgets = /** @type {NodeListOf<MoreLikeThis>} */ (all("more-like-this"));
if (wanted) for (const widget of widgets) widget.item = wanted;
else {
  const folder = await Element.open(FOLDER);
  const numbers = Array.from(widgets, () => Math.floor(Math.random() * folder.manifest.items));
  const cards = await folder.cards(numbers);
  for (const [n, widget] of widgets.entries()) widget.item = cards[n].id;
}

const RIGHT_TO_LEFT = ["ar", "he"];
const spoken = one("#spoken");
const language = one("#language", HTMLSelectElement);
const speak = () => {
  spoken.dir = RIGHT_TO_LEFT.includes(language.value) ? "rtl" : "ltr";
  spoken.lang = language.value;
  // Of the languages around it an element hears only the page's change.
  const widget = /** @type {MoreLikeThis} */ (one("#spoken more-like-this"));
  widget.lang = language.value;
};
language.addEventListener("change", speak);
// A page that is reloaded may keep what was chosen.
speak();
