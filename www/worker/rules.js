/** What rules ask of the worker. */
/** @import { How } from "../shared/types.js" */

/** Whether products are told apart by what the shop's table says of them. @param {How | undefined} how */
export function needsAttributes(how) {
  const { filter, group, boost } = how?.rules ?? {};
  return Boolean(filter || group || boost?.length);
}
