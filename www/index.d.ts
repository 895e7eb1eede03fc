/** Types of the package: the element, its events on every element and document, and what both are made of. */

import "./page/events.js";

export { MoreLikeThis } from "./define.js";
export type { MoreLikeThisEvents } from "./page/events.js";
export type { Card, Crop, How, Neighbour, PlainError, Progress, Rules } from "./shared/types.js";
