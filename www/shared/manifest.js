/** Reads manifest.json (src/folder/FORMAT.md). Past this file the manifest is not checked again. */
/** @import { Manifest } from "./types.js" */
import { corrupt, newerVersion } from "./errors.js";
import { readJson } from "./files.js";

export const MANIFEST = "manifest.json";
const VERSION = 2;
/** Version of a folder whose codes are in partitions. */
const VERSION_PARTITIONS = 3;
/** Version of a folder whose distances are between adapted embeddings, with or without partitions. */
const VERSION_ADAPTED = 4;
/** Version of a folder whose products have several photos, whatever else it has. */
const VERSION_PHOTOS = 5;

/**
 * @param {Uint8Array} bytes
 * @returns {Manifest}
 */
export function readManifest(bytes) {
  /** @type {any} */
  const manifest = readJson(bytes, MANIFEST);
  if (manifest?.format !== "lookalike") throw corrupt(MANIFEST, 'not a Lookalike folder ("format" differs)');
  if (manifest.version > VERSION_PHOTOS) throw newerVersion(MANIFEST, manifest.version);

  const { products, partitions, adaptation } = manifest;
  const wanted = products ? VERSION_PHOTOS : adaptation ? VERSION_ADAPTED : partitions ? VERSION_PARTITIONS : VERSION;
  const check = checker(manifest);
  check("version", (version) => version === wanted);
  check("items", some);
  check("metrics", (list) => Array.isArray(list) && list.length > 0 && list.length < 4 && list.every(isText));
  for (const set of ["neighbours", "cards"]) {
    check(`${set}.path`, hashed(set));
    check(`${set}.shards`, some);
  }
  check("neighbours.each", count);
  check("cards.per_shard", some);
  check("cards.shards", (shards) => shards === Math.ceil(manifest.items / manifest.cards.per_shard));
  // A page that shows what is stored reads nothing of the rest but its columns.
  if (manifest.columns) check("columns.path", hashed("columns", "\\.json"));
  return manifest;
}

/**
 * The rest of it, before anything is ranked on the device.
 *
 * @param {Manifest} manifest as `readManifest` gave it
 */
export function checkRanking(manifest) {
  const check = checker(manifest);
  const digest = matches(/^[0-9a-f]{64}$/);
  if (manifest.partitions) check("partitions.path", hashed("partitions"));
  if (manifest.products) check("products.column", (name) => isText(name) && name !== "");
  /** @type {("attributes" | "adaptation")[]} */
  const optional = ["attributes", "adaptation"];
  for (const file of ["codec", "codes", "refinement", "colours", ...optional.filter((file) => manifest[file])]) {
    check(`${file}.path`, hashed(file, "\\.bin"));
    check(`${file}.bytes`, some);
    check(`${file}.sha256`, digest);
  }
  check("network.path", hashed("network"));
  check("network.bytes", some);
  check("network.sha256", digest);
}

/** @param {any} manifest */
const checker = (manifest) => (/** @type {string} */ name, /** @type {(value: any) => boolean} */ valid) => {
  const value = name.split(".").reduce((at, key) => at?.[key], manifest);
  if (!valid(value)) throw corrupt(MANIFEST, `"${name}" is wrong or missing`);
};

/** @param {any} value */
const count = (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32;
/** @param {any} value */
const some = (value) => count(value) && value > 0;

/** @param {RegExp} pattern */
const matches = (pattern) => (/** @type {any} */ value) => isText(value) && pattern.test(value);

/**
 * A name with a hash and nothing else: no manifest can send the reader to another folder or host.
 *
 * @param {string} kind
 * @param {string} [ending]
 */
const hashed = (kind, ending = "") => matches(new RegExp(`^${kind}-[0-9a-f]{16}${ending}$`));

/** @param {unknown} value */
const isText = (value) => typeof value === "string";
