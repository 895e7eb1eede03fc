// The package as a TypeScript project sees it; compiled, never run.

import "lookalike";
import { MoreLikeThis, type Neighbour } from "lookalike";
import { LookalikeError, configure, createLookalike } from "lookalike/api";

configure({ workerUrl: "/lookalike-worker.js", wasm: { embed: new URL("embed.wasm", location.href).href } });

const lookalike = createLookalike({ src: "/lookalike/" });
const found: Neighbour[] = await lookalike.neighbours("875317", { metric: "cosine", limit: 4 });
const title: string | undefined = found[0].card.title;
const { object } = await lookalike.describe(new Blob(), { signal: AbortSignal.timeout(1000) });
await lookalike.rank(new Blob(), { crop: object, colour: 0.3, rules: { filter: "price<20", group: "style" } });
const fractions: number[] = [];
await lookalike.rank("875317", { onProgress: ({ fraction }) => fractions.push(fraction), settled: false });
const items: number = (await lookalike.info()).items;
lookalike.close();

const element: MoreLikeThis = document.createElement("more-like-this");
element.item = "875317";
element.limit = 4;
element.addEventListener("mlt-select", (event) => {
  const id: string = event.detail.id;
  event.preventDefault();
  console.log(id, title, items);
});
document.addEventListener("mlt-error", ({ detail }) => console.log(detail.code));
await element.search(new Blob()).catch((error) => error instanceof LookalikeError && error.code);

// @ts-expect-error an option that there is not
await lookalike.neighbours("875317", { metrics: "cosine" });
// @ts-expect-error a part without its height
await lookalike.rank(new Blob(), { crop: { x: 0, y: 0, width: 1 } });
// @ts-expect-error a number is no id
element.item = 875317;
