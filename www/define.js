/** Registers <more-like-this>. A second copy on a page leaves the first in place. */
import { MoreLikeThis } from "./page/element.js";

export { MoreLikeThis };

if (!customElements.get("more-like-this")) customElements.define("more-like-this", MoreLikeThis);
