/** Reads what there is to filter by from columns-<hash>.json (src/folder/FORMAT.md); which product has which it leaves. */
/** @import { Folder } from "./folder.js" */
import { corrupt } from "./errors.js";
import { readJson } from "./files.js";

/**
 * @typedef {{ name: string, values: string[] | number[], counts?: number[] }} Column values ascending: of a column of text each with
 *   the number of products that have it, of numbers their quantiles
 */

/** @type {WeakMap<Folder, Promise<Column[]>>} */
const read = new WeakMap();

/** None if there is nothing to filter by, or the folder is from before this file. @param {Folder} folder */
export function columnsOf(folder) {
  const { columns } = folder.manifest;
  if (!columns) return Promise.resolve([]);
  const known = read.get(folder);
  if (known) return known;
  const reading = folder.fetch(columns.path).then((bytes) => readColumns(bytes, columns.path));
  read.set(folder, reading);
  reading.catch(() => read.delete(folder));
  return reading;
}

/**
 * @param {Uint8Array} bytes
 * @param {string} file
 * @returns {Column[]}
 */
export function readColumns(bytes, file) {
  /** @type {any} */
  const list = readJson(bytes, file);
  if (!Array.isArray(list?.columns)) throw corrupt(file, "not a list of columns");
  return list.columns.flatMap((/** @type {any} */ column) => {
    const { name, kind, values, quantiles } = column ?? {};
    if (typeof name !== "string") throw corrupt(file, "a column without a name");
    if (kind === "number" && isList(quantiles, Number.isFinite)) return { name, values: quantiles };
    const counted = (/** @type {any} */ value) => Array.isArray(value) && typeof value[0] === "string" && Number.isInteger(value[1]);
    if (kind === "text" && isList(values, counted)) {
      return { name, values: values.map(([text]) => text), counts: values.map(([, count]) => count) };
    }
    // A kind from later than this reader is passed over, as a field that it does not know.
    if (kind !== "text" && kind !== "number") return [];
    throw corrupt(file, `"${name}" is wrong`);
  });
}

/** @param {any} list @param {(value: any) => boolean} valid @returns {list is any[]} */
const isList = (list, valid) => Array.isArray(list) && list.every(valid);
