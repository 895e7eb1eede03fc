/**
 * The demo shop: which product or photo is on show, and how one goes from one to the next without a page load.
 * An address is `?item=ID`, or nothing for a product by chance; a photo lives in the history of this tab only.
 */
/** @import { MoreLikeThis } from "../page/element.js" */
import { all, one } from "./page.js";
import { receivePhotos } from "./photos.js";
import { nameOf, showProduct } from "./product.js";

/** @typedef {{ item?: string, photo?: number }} Place */

const FOLDER = "lookalike/";
const NAME = "Lookalike";
/** As many as fit a line beside the dials. */
const FILTERS = 3;

const shelf = /** @type {MoreLikeThis} */ (one("#shelf"));
const columns = /** @type {NodeListOf<MoreLikeThis>} */ (all(".columns more-like-this"));
const heading = one("#shelf h2");
/** Photos of this tab, by the number in the history. @type {File[]} */
const photos = [];
/** The product to come back to from a photo. */
let lastItem = "";
/** Ends when another place is visited. */
let visit = new AbortController();

await customElements.whenDefined("more-like-this");
const Element = /** @type {typeof MoreLikeThis} */ (customElements.get("more-like-this"));

/** @param {Place} place @param {boolean} [moved] false when the page has just been opened */
async function show(place, moved = true) {
  visit.abort();
  visit = new AbortController();
  const { signal } = visit;
  const photo = place.photo === undefined ? undefined : photos[place.photo];
  try {
    if (photo) await showPhoto(photo, signal);
    else await showItem(place.item, signal, moved);
  } catch (error) {
    if (!signal.aborted) showTrouble(/** @type {any} */ (error));
  }
}

/** @param {string | undefined} wanted @param {AbortSignal} signal @param {boolean} moved */
async function showItem(wanted, signal, moved) {
  if (wanted) for (const widget of [shelf, ...columns]) widget.item = wanted;
  const folder = await Element.open(FOLDER);
  const { items, network } = folder.manifest;
  const number = wanted ? (await folder.find(wanted)).item : Math.floor(Math.random() * items);
  const [card] = await folder.cards([number]);
  if (signal.aborted) return;

  lastItem = card.id;
  // Back and reload find this product, also where chance chose it.
  history.replaceState({ item: card.id }, "");
  document.title = `${nameOf(card)} – ${NAME}`;
  one("#untrained").hidden = network.trained;
  showProduct(card, folder.url);
  reveal("product", moved);
  const own = Object.entries(card.attributes ?? {})
    .filter(([, value]) => value !== "true" && value !== "false")
    .map(([name]) => name)
    .slice(0, FILTERS);
  shelf.filters = card.price ? [...own, "price"].join(", ") : own.join(", ");
  for (const widget of [shelf, ...columns]) {
    widget.clear();
    widget.item = card.id;
  }
}

/** @param {File} photo @param {AbortSignal} signal */
async function showPhoto(photo, signal) {
  document.title = `Your photo – ${NAME}`;
  reveal("photo", true);
  say("");
  // Fetching the network is waited for once; what each photo takes is counted from there.
  let started = performance.now();
  const ready = (/** @type {DocumentEventMap["mlt-progress"]} */ { detail }) => {
    if (detail.stage === "decoding") started = performance.now();
  };
  shelf.addEventListener("mlt-progress", ready, { signal });
  try {
    const folder = await Element.open(FOLDER);
    await Promise.all([shelf, ...columns].map((widget) => widget.search(photo, { signal })));
    const seconds = ((performance.now() - started) / 1000).toFixed(2);
    say(`Compared with ${folder.manifest.items.toLocaleString("en-GB")} products on this device in ${seconds} s.`);
  } catch (error) {
    // What went wrong is said where the products would be.
    if (!signal.aborted) one("#measures").hidden = true;
  }
}

/** @param {{ code?: string }} error */
function showTrouble({ code }) {
  const unknown = code === "item/unknown";
  document.title = `${unknown ? "Not here" : "Something went wrong"} – ${NAME}`;
  one("#trouble h1").textContent = unknown ? "We don’t have that one" : "The shelves could not be reached";
  one("#trouble p").textContent = unknown
    ? "No product has this number. Perhaps it has sold out, or the link is an old one."
    : "The catalogue could not be loaded. A moment later it may work again.";
  reveal("trouble", true);
}

/** @param {"product" | "photo" | "trouble"} name @param {boolean} moved */
function reveal(name, moved) {
  for (const other of ["product", "photo", "trouble"]) one(`#${other}`).hidden = other !== name;
  for (const section of ["#alike", "#measures"]) one(section).hidden = name === "trouble";
  heading.textContent = name === "photo" ? "More like your photo" : "More like this";
  one("main").removeAttribute("aria-busy");
  // Readers of a screen are told where they are, as after a page load.
  if (moved) one(`#${name} h1`).focus({ preventScroll: true });
}

/** @param {string} words */
const say = (words) => (one("#photo .outcome").textContent = words);

/** @param {Place} place */
function go(place) {
  history.pushState(place, "", place.item ? `?item=${encodeURIComponent(place.item)}` : undefined);
  scrollTo(0, 0);
  show(place);
}

/** @param {File} photo */
const goTo = (photo) => go({ photo: photos.push(photo) - 1 });

const goBack = () => go({ item: lastItem || undefined });

async function surprise() {
  const folder = await Element.open(FOLDER);
  const [card] = await folder.cards([Math.floor(Math.random() * folder.manifest.items)]);
  go({ item: card.id });
}

const fromAddress = () => new URLSearchParams(location.search).get("item") || undefined;

/** @param {PopStateEvent | History} holder @returns {Place} */
function placeOf({ state }) {
  return state?.photo === undefined || photos[state.photo] ? (state ?? { item: fromAddress() }) : { item: fromAddress() };
}

document.addEventListener("mlt-select", (event) => {
  event.preventDefault();
  go({ item: event.detail.id });
});
// A photo is a place of its own, to which the back button leads.
shelf.addEventListener("mlt-photo", (event) => {
  event.preventDefault();
  if (event.detail.photo) goTo(event.detail.photo);
  else goBack();
});
shelf.addEventListener("mlt-crop", ({ detail: { photo, crop } }) => {
  const { signal } = visit;
  for (const column of columns) column.search(photo, { signal, crop }).catch(() => {});
});
addEventListener("popstate", (event) => show(placeOf(event)));
one("#surprise").addEventListener("click", () => surprise().catch(showTrouble));
one("#back").addEventListener("click", goBack);
receivePhotos(goTo);

show(placeOf(history), false);
