import { StrictMode, useCallback, useState } from "react";
import { createRoot } from "react-dom/client";
import { MoreLikeThis } from "./MoreLikeThis.jsx";

function Product() {
  const [item, setItem] = useState("875317");
  const follow = useCallback((event) => {
    event.preventDefault();
    setItem(event.detail.id);
  }, []);
  return (
    <main>
      <h1>Product {item}</h1>
      <MoreLikeThis item={item} src="/lookalike/" heading="More like this" photo onSelect={follow}>
        <a href="/shirts">All shirts</a>
      </MoreLikeThis>
    </main>
  );
}

createRoot(document.querySelector("#root")).render(
  <StrictMode>
    <Product />
  </StrictMode>,
);
