/**
 * The part of the photo that matters: a rectangle chosen by pointer, touch or keyboard.
 *
 * A drag outside it draws another, within it moves it, on its corners and edges sizes it; a tap puts it where one taps, or
 * around the object that was found there. By keyboard the rectangle and each of its edges are stops of their own. All is in
 * fractions of the photo, so that it does not matter how large it is shown.
 */
/** @import { Crop } from "../shared/types.js" */
import { make } from "./make.js";
import { sheet } from "./styles.js";

const styles = sheet(`
.photo { position: relative; align-self: flex-start; touch-action: pan-y pinch-zoom; cursor: crosshair; user-select: none; -webkit-user-select: none;
  max-width: 100%; min-width: 120px; min-height: 120px; }
.clip { position: relative; overflow: hidden; border-radius: var(--_radius); background: var(--_frame); }
.clip img { display: block; max-width: 100%; max-height: var(--mlt-preview, 300px); pointer-events: none; }
.shade { position: absolute; box-shadow: 0 0 0 100vmax #000a; pointer-events: none; }
.box { position: absolute; border: 2px solid #fff; box-shadow: 0 0 0 1px #0008, inset 0 0 0 1px #0004; cursor: move; }
/* A finger that swipes over the photo scrolls the page, unless it has taken hold of the rectangle. */
.box:not(.whole), .edge.top, .edge.bottom, .handle { touch-action: none; }
.whole { cursor: crosshair; }
.box.whole { border-color: transparent; box-shadow: none; }
.box:focus-visible { outline: 3px solid var(--_accent); outline-offset: 2px; }
.handle { position: absolute; width: 28px; height: 28px; margin: -15px; }
.handle::before { content: ""; position: absolute; inset: 8px; border-radius: 50%; background: #fff; box-shadow: 0 0 0 1px #0009; }
.edge { position: absolute; cursor: ew-resize; }
.edge.left, .edge.right { top: 12px; bottom: 12px; width: 24px; margin-inline: -13px; }
.edge.top, .edge.bottom { left: 12px; right: 12px; height: 24px; margin-block: -13px; cursor: ns-resize; }
.left { left: 0; } .right { right: 0; } .top { top: 0; } .bottom { bottom: 0; }
.left.top, .right.bottom { cursor: nwse-resize; } .right.top, .left.bottom { cursor: nesw-resize; }
.edge:focus-visible { outline: none; }
.edge:focus-visible::before { content: ""; position: absolute; border: 3px solid var(--mlt-focus, #fff); outline: 2px solid #000; border-radius: 4px; inset: 25% 9px; }
.edge.top:focus-visible::before, .edge.bottom:focus-visible::before { inset: 9px 25%; }
.whole .handle::before { box-shadow: 0 0 0 2px #0009; }
.proposal { position: absolute; border: 2px dashed #fff; border-radius: 8px; box-shadow: 0 0 0 1px #0006, inset 0 0 0 1px #0006; pointer-events: none; display: grid;
  place-items: end center; padding: 6px; }
.proposal button { pointer-events: auto; min-height: 28px; padding: 0 .9em; border: 0; background: #fff; color: #111; font-size: .8rem; line-height: 28px; white-space: nowrap;
  box-shadow: 0 1px 4px #0006; }
@media (forced-colors: active) { .box { border-color: Highlight; } .handle::before { background: Highlight; forced-color-adjust: none; } }
`);

/** No side of the rectangle is shorter: below, a network sees a few pixels blown up. */
const LEAST = 0.08;
/** By how much an arrow key moves, and PageUp or PageDown. */
const STEP = 0.02;
const LEAP = 0.1;
/** A pointer that moves less means a tap. */
const TAP = 6;
/** A finger that draws less to one side means to swipe. */
const SWIPE = 0.12;
/** While a finger rests or a key is held down there is time to look. */
const PAUSE_MS = 150;
/** An object that fills the photo is no proposal. */
const FILLS = 0.85;

/** @typedef {{ left: number, top: number, right: number, bottom: number }} Edges */
/** @typedef {keyof Edges} Edge */

/** @type {Edges} */
const WHOLE = { left: 0, top: 0, right: 1, bottom: 1 };
/** Of which other edge each keeps its distance, and along which key it moves. @type {Record<Edge, { other: Edge, upright: boolean }>} */
const EDGES = {
  left: { other: "right", upright: false },
  right: { other: "left", upright: false },
  top: { other: "bottom", upright: true },
  bottom: { other: "top", upright: true },
};
const NAMES = /** @type {Edge[]} */ (Object.keys(EDGES));
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Cropper {
  sheet = styles;
  #onChange;
  #edges = WHOLE;
  /** @type {Edges | undefined} */
  #object;
  /** What was told last. */
  #told = WHOLE;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pause;
  /** Ends what a pointer is at, as if it had not been. @type {(() => void) | undefined} */
  #undo;
  #shade = make("div", { class: "shade" });
  /** An <img> turns a photo upright in every browser, and has it decoded off the page's thread. */
  #image = make("img", { part: "preview", "data-label": "photo", draggable: "false", decoding: "async" });
  #sliders = NAMES.map((name) =>
    make("div", {
      class: `edge ${name}`,
      role: "slider",
      tabindex: 0,
      "data-edge": name,
      "data-label": name,
      "aria-orientation": EDGES[name].upright ? "vertical" : "horizontal",
      "aria-valuemin": 0,
      "aria-valuemax": 100,
    }),
  );
  #keys = make("span", { class: "heard", id: "crop-keys", "data-text": "partKeys" });
  #box = make(
    "div",
    // Arrow keys are its own, not those that read on.
    { class: "box", part: "crop", role: "application", tabindex: 0, "data-label": "part", "aria-describedby": this.#keys.id },
    ...this.#sliders,
    ...["left top", "right top", "left bottom", "right bottom"].map((corner) =>
      make("div", { class: `handle ${corner}`, part: "crop-handle", "data-edge": corner }),
    ),
  );
  #take = make("button", { type: "button", part: "button proposal", "data-text": "proposal" });
  #proposal = make("div", { class: "proposal", hidden: true }, this.#take);
  node = make(
    "div",
    { class: "photo", part: "photo", role: "group", "data-label": "crop" },
    make("div", { class: "clip" }, this.#image, this.#shade),
    this.#box,
    this.#proposal,
    this.#keys,
  );

  /** @param {(crop: Crop | undefined) => void} onChange undefined: the whole photo */
  constructor(onChange) {
    this.#onChange = onChange;
    this.#take.onclick = () => {
      this.#move(this.#object ?? WHOLE);
      this.#box.focus();
    };
    this.#box.onkeydown = (event) => this.#key(event);
    this.node.onpointerdown = (event) => this.#press(event);
    this.#place();
  }

  /** @param {Blob | undefined} photo @returns {Promise<boolean>} whether it can be seen: some formats are read that browsers do not show */
  async draw(photo) {
    this.propose(undefined);
    if (this.#image.src) URL.revokeObjectURL(this.#image.src);
    this.#image.removeAttribute("src");
    if (!photo) return false;
    this.#image.src = URL.createObjectURL(photo);
    // To wait for `decode()` would be to have a large photo decoded whole, where a preview needs a small part of that.
    return new Promise((resolve) => {
      this.#image.onload = () => resolve(true);
      this.#image.onerror = () => resolve(false);
    });
  }

  focus() {
    this.#box.focus();
  }

  /** @param {Crop | undefined} area @param {boolean} [tell] */
  set(area, tell = true) {
    const edges = area ? edgesOf(area) : WHOLE;
    if (tell) return this.#move(edges);
    // A choice that is under way is newer than what is said here.
    if (this.#pause !== undefined) return;
    this.#edges = this.#told = edges;
    this.#place();
  }

  /** About its middle. @param {number} factor */
  scale(factor) {
    const { left, top, right, bottom } = this.#edges;
    this.#move(around((left + right) / 2, (top + bottom) / 2, (right - left) * factor, (bottom - top) * factor));
  }

  /** @param {Crop | undefined} object */
  propose(object) {
    this.#object = object && object.width * object.height < FILLS ? edgesOf(object) : undefined;
    if (this.#object) put(this.#proposal, this.#object);
    this.#place();
  }

  /** @param {Edges} edges @param {boolean} [atOnce] */
  #move(edges, atOnce = true) {
    this.#edges = edges;
    this.#place();
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.#tell(), atOnce ? 0 : PAUSE_MS);
  }

  #tell() {
    this.#pause = undefined;
    if (NAMES.every((name) => this.#edges[name] === this.#told[name])) return;
    this.#told = this.#edges;
    const { left, top, right, bottom } = this.#edges;
    const area = { x: neat(left), y: neat(top), width: neat(right - left), height: neat(bottom - top) };
    this.#onChange(this.#isWhole() ? undefined : area);
  }

  #isWhole() {
    return NAMES.every((name) => this.#edges[name] === WHOLE[name]);
  }

  #place() {
    put(this.#box, this.#edges);
    put(this.#shade, this.#edges);
    this.#box.classList.toggle("whole", this.#isWhole());
    this.#proposal.hidden = !this.#object || !this.#isWhole();
    for (const [n, name] of NAMES.entries()) {
      const percent = Math.round(this.#edges[name] * 100);
      this.#sliders[n].setAttribute("aria-valuenow", String(percent));
      this.#sliders[n].setAttribute("aria-valuetext", `${percent} %`);
    }
  }

  /** @param {Edge} name @param {number} to @param {Edges} [of] */
  #edge(name, to, of = this.#edges) {
    const { other } = EDGES[name];
    const far = WHOLE[name] ? clamp(to, of[other] + LEAST, 1) : clamp(to, 0, of[other] - LEAST);
    return { ...of, [name]: far };
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { key, shiftKey, target } = event;
    const { edge: name } = /** @type {HTMLElement} */ (target).dataset;
    const [x, y] = ARROWS[key] ?? [0, 0];
    const edges = this.#edges;
    /** @type {Edges | undefined} */
    let to;
    if (name) {
      const edge = /** @type {Edge} */ (name);
      const leap = { PageUp: LEAP, PageDown: -LEAP }[key] ?? 0;
      if (key === "Home") to = this.#edge(edge, 0);
      else if (key === "End") to = this.#edge(edge, 1);
      else if (leap || x || y) to = this.#edge(edge, edges[edge] + leap + (EDGES[edge].upright ? y || -x : x || -y) * STEP);
    } else if (x || y) {
      if (shiftKey) to = this.#edge("right", edges.right + x * STEP, this.#edge("bottom", edges.bottom + y * STEP));
      else to = shifted(edges, x * STEP, y * STEP);
    }
    if (!to) return;
    event.preventDefault();
    this.#move(to, false);
  }

  /** @param {PointerEvent} down */
  #press(down) {
    if (down.button !== 0 || this.#take.contains(/** @type {Node} */ (down.target))) return;
    // A second finger means the page: what the first has done is undone.
    this.#undo?.();
    if (!down.isPrimary) return;
    const { width, height, left, top } = this.node.getBoundingClientRect();
    const at = (/** @type {PointerEvent} */ event) => [
      clamp((event.clientX - left) / width, 0, 1),
      clamp((event.clientY - top) / height, 0, 1),
    ];
    const target = /** @type {HTMLElement} */ (down.target);
    const grip = /** @type {Edge[] | undefined} */ (target.dataset.edge?.split(" "));
    const moves = target === this.#box && !this.#isWhole();
    const before = this.#edges;
    const [fromX, fromY] = at(down);
    let tapped = true;
    /** Whether what a finger has drawn is a swipe rather than a rectangle. */
    let swiped = false;

    const drag = (/** @type {PointerEvent} */ event) => {
      if (tapped && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < TAP) return;
      tapped = false;
      const [x, y] = at(event);
      if (grip) this.#move(grip.reduce((edges, name) => this.#edge(name, EDGES[name].upright ? y : x, edges), before), false);
      else if (moves) this.#move(shifted(before, x - fromX, y - fromY), false);
      else {
        swiped = down.pointerType === "touch" && Math.min(Math.abs(x - fromX), Math.abs(y - fromY)) < SWIPE;
        if (!swiped) this.#move(between(fromX, fromY, x, y), false);
      }
    };
    const end = new AbortController();
    const undo = () => {
      end.abort();
      this.#undo = undefined;
      this.#move(before);
    };
    this.#undo = undo;
    this.node.setPointerCapture(down.pointerId);
    /** @param {"pointermove" | "pointerup" | "pointercancel"} type @param {(event: PointerEvent) => void} act */
    const on = (type, act) =>
      this.node.addEventListener(type, (event) => event.pointerId === down.pointerId && act(event), { signal: end.signal });
    on("pointermove", drag);
    on("pointercancel", undo);
    on("pointerup", () => {
      if (swiped) return undo();
      end.abort();
      this.#undo = undefined;
      if (tapped && !grip && !moves) this.#tap(fromX, fromY);
      else if (!tapped) this.#move(this.#edges);
    });
  }

  /** @param {number} x @param {number} y */
  #tap(x, y) {
    const object = this.#object;
    const { left, top, right, bottom } = this.#edges;
    if (this.#isWhole() && object && x > object.left && x < object.right && y > object.top && y < object.bottom) this.#move(object);
    else this.#move(this.#isWhole() ? around(x, y, 0.5, 0.5) : around(x, y, right - left, bottom - top));
  }
}

/** No photo has pixels that this loses. @param {number} share */
const neat = (share) => Math.round(share * 1e5) / 1e5;

/** @param {HTMLElement} node @param {Edges} edges */
function put({ style }, { left, top, right, bottom }) {
  const percent = (/** @type {number} */ share) => `${share * 100}%`;
  style.left = percent(left);
  style.top = percent(top);
  style.width = percent(right - left);
  style.height = percent(bottom - top);
}

/** @param {Crop} area @returns {Edges} */
const edgesOf = ({ x, y, width, height }) => ({ left: x, top: y, right: Math.min(x + width, 1), bottom: Math.min(y + height, 1) });

/** @param {number} value @param {number} least @param {number} most */
const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

/** As far as the photo goes. @param {Edges} edges @param {number} x @param {number} y @returns {Edges} */
function shifted({ left, top, right, bottom }, x, y) {
  const dx = clamp(x, -left, 1 - right);
  const dy = clamp(y, -top, 1 - bottom);
  return { left: left + dx, top: top + dy, right: right + dx, bottom: bottom + dy };
}

/** @param {number} x @param {number} y @param {number} width @param {number} height */
function around(x, y, width, height) {
  const w = clamp(width, LEAST, 1);
  const h = clamp(height, LEAST, 1);
  const left = clamp(x - w / 2, 0, 1 - w);
  const top = clamp(y - h / 2, 0, 1 - h);
  return { left, top, right: left + w, bottom: top + h };
}

/** Two corners, as far apart as the least asks. @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 */
function between(x0, y0, x1, y1) {
  const [left, right] = span(x0, x1);
  const [top, bottom] = span(y0, y1);
  return { left, top, right, bottom };
}

/** @param {number} from @param {number} to */
function span(from, to) {
  const low = Math.min(from, to, 1 - LEAST);
  return [low, Math.max(from, to, low + LEAST)];
}
