import { useEffect, useRef } from "react";
import "lookalike";

/**
 * <more-like-this> as a component: properties go to the element (React 19 sets them), events to functions.
 * `onSelect` is given `{id, card}` and may prevent the visit, for a router.
 */
export function MoreLikeThis({ onSelect, onResults, children, ...properties }) {
  const element = useRef(null);
  useEffect(() => {
    const heard = { "mlt-select": onSelect, "mlt-results": onResults };
    const node = element.current;
    const entries = Object.entries(heard).filter(([, listener]) => listener);
    for (const [name, listener] of entries) node.addEventListener(name, listener);
    return () => {
      for (const [name, listener] of entries) node.removeEventListener(name, listener);
    };
  }, [onSelect, onResults]);
  return (
    <more-like-this ref={element} {...properties}>
      {children}
    </more-like-this>
  );
}
