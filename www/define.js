/** Registers <more-like-this>. A second copy on a page leaves the first in place. */
import { MoreLikeThis } from "./page/element.js";

export { MoreLikeThis };

// A task of its own: evaluating the modules and building the elements of the page are each half of what a slow phone can do
// without stalling.
setTimeout(() => {
  if (globalThis.customElements && !customElements.get("more-like-this")) customElements.define("more-like-this", MoreLikeThis);
});
