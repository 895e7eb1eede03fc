/** What rules ask of the worker. */
/** @import { How, Manifest } from "../shared/types.js" */

/**
 * The same, with photos of one product counted once if products have several.
 *
 * @template {How} Asked
 * @param {Asked} how
 * @param {Manifest} manifest
 * @returns {Asked}
 */
export function ofProducts(how, { products }) {
  return products ? { ...how, rules: { ...how.rules, group: how.rules?.group || products.column } } : how;
}

/** Whether products are told apart by what the shop's table says of them. @param {How | undefined} how */
export function needsAttributes(how) {
  const { filter, group, boost } = how?.rules ?? {};
  return Boolean(filter || group || boost?.length);
}
