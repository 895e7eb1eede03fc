/** Every text a shopper reads or hears. `{name}` is replaced; `one` and `other` are plural forms. */

const texts = {
  heading: "More like this",
  shown: { one: "One similar product shown.", other: "{count} similar products shown." },
  product: "Product {id}",
  distance: "Distance",
  none: "No similar products were found.",
  retry: "Try again",

  choose: "Search with a photo",
  chooseOther: "Choose another photo",
  orDrop: "or drop or paste one here",
  private: "Your photo stays on this device.",
  photo: "Your photo",
  clear: "Clear photo",
  cancel: "Cancel",
  cancelled: "Search cancelled.",

  loading: "Getting ready",
  decoding: "Reading your photo",
  embedding: "Looking at your photo",
  ranking: "Comparing",
};

/** What to say of an error: by its code, or else by the part of its code before the slash. */
const errors = /** @type {Record<string, string>} */ ({
  folder: "Similar products could not be loaded.",
  "folder/unreachable": "Similar products could not be loaded. Is there a connection?",
  item: "Nothing similar is known for this product.",
  filter: "Similar products cannot be narrowed down like this.",
  rules: "Similar products cannot be narrowed down like this.",
  photo: "This photo could not be read. Please try another.",
  "photo/unknown-format": "This is not a picture that can be read here. JPEG, PNG and WebP work best.",
  "photo/too-large": "This photo is too large. Please try a smaller one.",
  "worker/unsupported": "This browser cannot search by photo. A newer one can.",
  other: "Something went wrong. Please try again.",
});

/** @typedef {keyof typeof texts} Text */

/**
 * @param {Text} key
 * @param {Record<string, string | number>} [values]
 */
export function text(key, values = {}) {
  const entry = texts[key];
  const plain = typeof entry === "string" ? entry : entry[values.count === 1 ? "one" : "other"];
  return plain.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** @param {string} code */
export const errorText = (code) => errors[code] ?? errors[code.split("/")[0]] ?? errors.other;
