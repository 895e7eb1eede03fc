import { existsSync, readFileSync } from "node:fs";

// precompute build photos --items products.csv --out lookalike --fragments /lookalike/
const FOLDER = "lookalike";

/** As src/folder/FORMAT.md says for ids of up to 200 bytes. */
const fileName = (id) =>
  encodeURIComponent(id)
    .replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/^\./, "%2E");

export default function (config) {
  config.addPassthroughCopy(FOLDER);
  config.ignores.add(`${FOLDER}/**`); // fragments are no pages
  config.addFilter("fragment", (id) => {
    const path = `${FOLDER}/fragments/${fileName(id)}.html`;
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  });
}
