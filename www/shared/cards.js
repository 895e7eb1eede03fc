/** Reads a shard of cards, cards-<hash>/<shard>.json (src/folder/FORMAT.md). */
/** @import { Card, Manifest } from "./types.js" */
import { corrupt } from "./errors.js";
import { readJson } from "./files.js";

/**
 * @param {Uint8Array} bytes
 * @param {Manifest} manifest
 * @param {number} shard
 * @param {string} file
 * @returns {Card[]}
 */
export function readCards(bytes, { items, cards }, shard, file) {
  const list = readJson(bytes, file);
  const expected = Math.min(cards.per_shard, items - shard * cards.per_shard);
  if (!Array.isArray(list) || list.length !== expected) throw corrupt(file, `not a list of ${expected} cards`);
  const bad = list.findIndex((card) => !isCard(card));
  if (bad >= 0) throw corrupt(file, `card ${bad} is not as the format says`);
  return list;
}

const TEXTS = ["title", "url", "price", "thumbnail", "image", "photo"];

/** @param {any} card */
const isCard = (card) =>
  typeof card?.id === "string" &&
  isSide(card.width) &&
  isSide(card.height) &&
  TEXTS.every((name) => optional(card[name], "string")) &&
  optional(card.attributes, "object") &&
  Object.values(card.attributes ?? {}).every((value) => typeof value === "string");

/** @param {any} side */
const isSide = (side) => Number.isInteger(side) && side > 0;

/** @param {unknown} value @param {string} type */
const optional = (value, type) => value === undefined || typeof value === type;
