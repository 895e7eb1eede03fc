import { createLookalike } from "lookalike/api";

const lookalike = createLookalike({ src: "/lookalike/" });
const list = document.querySelector("#like");
const input = document.querySelector("#photo");
const state = document.querySelector("#state");

/** The latest photo counts. */
let running = new AbortController();

function show(neighbours) {
  list.replaceChildren(
    ...neighbours.map(({ id, card }) => {
      const link = document.createElement("a");
      link.href = card.url ?? `/products/${encodeURIComponent(id)}`;
      link.textContent = card.title ?? id;
      const item = document.createElement("li");
      item.append(link);
      return item;
    }),
  );
}

async function answer(ask) {
  running.abort();
  const { signal } = (running = new AbortController());
  try {
    const neighbours = await ask(signal);
    if (signal.aborted) return;
    show(neighbours);
    state.textContent = "";
  } catch (error) {
    if (error.code !== "aborted") state.textContent = error.message;
  }
}

const onProgress = ({ fraction }) => (state.textContent = `${Math.round(fraction * 100)} %`);

answer(() => lookalike.neighbours("875317", { limit: 6 }));
input.addEventListener("change", () => {
  const [photo] = input.files;
  if (photo) answer((signal) => lookalike.rank(photo, { limit: 6, signal, onProgress }));
});
