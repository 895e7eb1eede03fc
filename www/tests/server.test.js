/** On a server, where there is no page, the package can be imported, and the API used as far as it needs none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ROOT, files, serve } from "./hand_built.js";

test("importing the element in bare Node is harmless", async () => {
  assert.equal(globalThis.HTMLElement, undefined);
  const { MoreLikeThis } = await import("../define.js");
  assert.equal(typeof MoreLikeThis, "function");
  // Longer than the element waits before it registers itself.
  await new Promise((done) => setTimeout(done, 20));
});

test("the API gives stored neighbours there", async () => {
  const { createLookalike } = await import("../api.js");
  serve(files());
  const lookalike = createLookalike({ src: ROOT });
  assert.deepEqual((await lookalike.neighbours("hat")).map(({ id }) => id), ["tee", "täsche"]);
});
