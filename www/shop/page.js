/** Finds what index.html holds; a missing element is a mistake in the page and said so. */

/**
 * @template {HTMLElement} Kind
 * @overload
 * @param {string} selector
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
/**
 * @overload
 * @param {string} selector
 * @returns {HTMLElement}
 */
/** @param {string} selector @param {new () => HTMLElement} kind */
export function one(selector, kind = HTMLElement) {
  const found = document.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`index.html has no ${selector}`);
  return found;
}

/** @param {string} selector @returns {NodeListOf<HTMLElement>} */
export const all = (selector) => document.querySelectorAll(selector);
