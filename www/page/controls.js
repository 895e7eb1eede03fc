/** What a shopper can set: the measure, from style to colour, from alike to varied, and what to narrow the products to. */
/** @import { Folder } from "../shared/folder.js" */
/** @import { Attributes } from "./attributes.js" */
/** @import { View } from "./view.js" */
/** @import { Text, Texts } from "./texts.js" */
/** @import { Column } from "../shared/columns.js" */
import { columnsOf } from "../shared/columns.js";
import { LookalikeError } from "../shared/errors.js";
import { make } from "./make.js";
import { sheet } from "./styles.js";
import { teach } from "./texts.js";
import { later } from "./texts_later.js";

teach(later);

const styles = sheet(`
/* One line where there is little room, so that its place is known before it is there. */
.row { display: flex; gap: .6em; align-items: center; overflow-x: auto; padding: 3px; margin: -3px; scrollbar-width: none; height: 46px; }
.row > * { flex: none; }
@container (min-width: 700px) { .row { flex-wrap: wrap; height: auto; overflow: visible; } }
.choice { display: flex; align-items: center; gap: .5em; height: 40px; border: 1px solid var(--_line); border-radius: 999px; padding: 0 1em; margin: 0; font-size: .9em;
  background: var(--mlt-control, transparent); }
.choice:hover { border-color: currentColor; }
.choice span { color: var(--_muted); display: inline-block; }
.choice span::first-letter { text-transform: uppercase; }
.row.more { mask-image: linear-gradient(to right, #000 calc(100% - 3em), transparent); }
.row.more:dir(rtl) { mask-image: linear-gradient(to left, #000 calc(100% - 3em), transparent); }
select { font: inherit; color: inherit; background: transparent; border: 0; height: 100%; max-width: 12em; cursor: pointer; border-radius: 4px; text-transform: var(--mlt-values, none); }
option { color: CanvasText; background: Canvas; }
.set { border-color: currentColor; }
fieldset.choice { padding: 0 3px; gap: 0; min-width: 0; }
fieldset label { position: relative; display: grid; place-items: center; height: 32px; padding: 0 .8em; border-radius: 999px; cursor: pointer; }
fieldset input { position: absolute; inset: 0; margin: 0; opacity: 0; cursor: pointer; }
fieldset label:has(:checked) { background: var(--mlt-accent, CanvasText); color: var(--mlt-on-accent, Canvas); }
fieldset label:has(:focus-visible) { outline: 2px solid var(--_accent); outline-offset: 2px; }
fieldset.choice span { color: inherit; }
input[type=range] { width: 7em; height: 24px; margin: 0; accent-color: var(--mlt-accent, auto); cursor: pointer; }
@media (forced-colors: active) { fieldset label:has(:checked) { background: Highlight; color: HighlightText; forced-color-adjust: none; } }
`);

/** While a dial turns there is no need to ask at every notch. */
const PAUSE_MS = 120;
/** A longer list is no choice but a search. */
const MOST_VALUES = 200;
/** Numbers are offered by how far up they go, in this many steps. */
const STEPS = 5;

/** @type {WeakMap<Attributes, Controls>} */
const made = new WeakMap();

/** Those of an element, the same every time. @param {Attributes} host @param {View} view @param {ConstructorParameters<typeof Controls>[1]} onFilters @param {ConstructorParameters<typeof Controls>[2]} onFault */
export function controlsOf(host, view, onFilters, onFault) {
  let controls = made.get(host);
  if (!controls) {
    controls = new Controls(host, onFilters, onFault);
    made.set(host, controls);
    view.addControls(controls);
  }
  return controls;
}

class Controls {
  sheets = [styles];
  node = make("div", { class: "row", role: "group", "data-label": "narrow" });
  #host;
  #onFilters;
  #onFault;
  /** By column, the option that was chosen and its filter. @type {Map<string, { value: string, filter: object }>} */
  #chosen = new Map();
  /** What stands there: of which folder, for which attributes, in which language. */
  #made = "";
  /** @type {(() => void)[]} */
  #refresh = [];
  #reset = make("button", { type: "button", part: "button reset", "data-text": "reset", hidden: true });

  /**
   * @param {Attributes} host
   * @param {(filters: object[]) => void} onFilters by the JSON form of src/folder/FORMAT.md
   * @param {(error: unknown) => void} onFault what of the controls cannot be made; the others are
   */
  constructor(host, onFilters, onFault) {
    this.#host = host;
    this.#onFilters = onFilters;
    this.#onFault = onFault;
    // That there is more than fits is seen by its fading out.
    const fade = () => {
      const { scrollLeft, clientWidth, scrollWidth } = this.node;
      this.node.classList.toggle("more", Math.abs(scrollLeft) + clientWidth < scrollWidth - 2);
    };
    this.node.onscroll = fade;
    new ResizeObserver(fade).observe(this.node);
    this.#reset.onclick = () => {
      for (const select of this.node.querySelectorAll("select")) select.value = "";
      this.#chosen.clear();
      this.#tell();
      this.node.querySelector("select")?.focus();
    };
  }

  /** Puts there what the attributes ask for and the folder has. @param {Folder} folder @param {Texts} texts */
  async show(folder, texts) {
    const { controls, filters } = this.#host;
    const made = JSON.stringify([folder.url, folder.manifest.codes.path, controls, filters, texts.lang]);
    if (made !== this.#made) {
      this.#made = made;
      const columns = filters ? await columnsOf(folder).catch((error) => this.#lack(error)) : [];
      if (this.#made !== made) return;
      this.#make(folder, texts, columns ?? []);
      // What could not be loaded is tried again with the next query.
      if (!columns) this.#made = "";
    }
    for (const refresh of this.#refresh) refresh();
  }

  /** @param {unknown} error */
  #lack(error) {
    this.#onFault(error);
    return undefined;
  }

  /** @param {Folder} folder @param {Texts} texts @param {Column[]} columns */
  #make({ manifest }, texts, columns) {
    const controls = this.#host.controls.split(/\s+/);
    const filters = this.#host.filters.split(",").map((name) => name.trim());
    this.#refresh = [];
    const named = filters.map((name) => columns.find((column) => column.name === name)).filter((column) => !!column);
    const known = columns.map(({ name }) => name);
    for (const name of columns.length > 0 ? filters : []) {
      if (name && !known.includes(name)) this.#onFault(new LookalikeError("filters/unknown-column", `no column "${name}"; there are ${known.join(", ")}`));
    }
    this.node.replaceChildren(
      ...(controls.includes("metric") && manifest.metrics.length > 1 ? [this.#metrics(manifest.metrics, texts)] : []),
      ...(controls.includes("colour") && manifest.colours ? [this.#dial("colour", ["style", "colours"], texts)] : []),
      ...(controls.includes("diversity") ? [this.#dial("diversity", ["alike", "varied"], texts)] : []),
      ...named.map((column) => this.#filter(column, texts)),
      this.#reset,
    );
    this.#reset.textContent = texts.get("reset");
    // What can no longer be chosen narrows nothing down any more.
    const before = this.#chosen.size;
    for (const name of this.#chosen.keys()) if (!named.some((column) => column.name === name)) this.#chosen.delete(name);
    if (this.#chosen.size < before) this.#tell();
  }

  /** @param {readonly string[]} metrics @param {Texts} texts */
  #metrics(metrics, texts) {
    const group = make("fieldset", { class: "choice", part: "control metric", "aria-label": texts.get("metric") });
    for (const metric of metrics) {
      const radio = make("input", { type: "radio", name: "metric", value: metric });
      radio.onchange = () => (this.#host.metric = metric);
      this.#refresh.push(() => (radio.checked = metric === this.#host.metric));
      const known = ["cosine", "euclidean", "manhattan"].includes(metric);
      group.append(make("label", {}, radio, make("span", {}, known ? texts.get(/** @type {Text} */ (metric)) : metric)));
    }
    return group;
  }

  /** @param {"colour" | "diversity"} name @param {[Text, Text]} ends @param {Texts} texts */
  #dial(name, [from, to], texts) {
    const range = make("input", { type: "range", min: 0, max: 100, step: 5, "aria-label": texts.get(name), part: "dial" });
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let pause;
    const percent = () => range.setAttribute("aria-valuetext", `${range.value} %`);
    range.oninput = () => {
      percent();
      clearTimeout(pause);
      pause = setTimeout(() => {
        pause = undefined;
        this.#host[name] = range.valueAsNumber / 100;
      }, PAUSE_MS);
    };
    this.#refresh.push(() => {
      if (pause === undefined) range.valueAsNumber = Math.round((this.#host[name] ?? 0) * 100);
      percent();
    });
    return make("div", { class: "choice", part: `control ${name}` }, make("span", {}, texts.get(from)), range, make("span", {}, texts.get(to)));
  }

  /** @param {Column} column @param {Texts} texts */
  #filter({ name, values }, texts) {
    const select = make("select", { part: "select" }, option("", texts.get("all")));
    const label = make("label", { class: "choice", part: "control filter" }, make("span", {}, this.#host.texts.columns?.[name] ?? name.replaceAll("_", " ")), select);
    for (const { value, text, filter } of offers(name, values, texts)) select.append(option(value, text, filter));
    // Made anew, in another language or beside another filter, it still says what was chosen.
    select.value = this.#chosen.get(name)?.value ?? "";
    if (select.selectedIndex < 0) {
      this.#chosen.delete(name);
      select.value = "";
      queueMicrotask(() => this.#tell());
    }
    select.onchange = () => {
      const { filter } = select.selectedOptions[0]?.dataset ?? {};
      if (filter) this.#chosen.set(name, { value: select.value, filter: JSON.parse(filter) });
      else this.#chosen.delete(name);
      this.#tell();
    };
    this.#refresh.push(() => {
      if (!this.#chosen.has(name)) select.value = "";
      label.classList.toggle("set", !!select.value);
      this.#reset.hidden = this.#chosen.size === 0;
    });
    return label;
  }

  #tell() {
    for (const refresh of this.#refresh) refresh();
    this.#onFilters([...this.#chosen.values()].map(({ filter }) => filter));
  }
}

/** @param {string} value @param {string} text @param {object} [filter] */
const option = (value, text, filter) => make("option", { value, "data-filter": filter && JSON.stringify(filter) }, text);

/**
 * Each text by itself; numbers up to about equal shares of the products.
 *
 * @param {string} field
 * @param {string[] | number[]} values ascending; texts once each
 * @param {Texts} texts
 */
function offers(field, values, texts) {
  if (isNumbers(values)) {
    const bounds = Array.from({ length: STEPS - 1 }, (_, n) => rounded(values[Math.floor(((n + 1) * values.length) / STEPS)] ?? 0));
    return [...new Set(bounds)].map((max) => ({
      value: String(max),
      text: texts.get("upTo", { value: max }),
      filter: { field, max },
    }));
  }
  return values.slice(0, MOST_VALUES).map((value) => ({ value: `=${value}`, text: value, filter: { field, equals: value } }));
}

/** @param {string[] | number[]} values @returns {values is number[]} */
const isNumbers = (values) => typeof values[0] === "number";

/** Up to two figures, as a price is thought of. @param {number} number */
function rounded(number) {
  if (number <= 0) return Math.ceil(number);
  const unit = 10 ** (Math.floor(Math.log10(number)) - 1) * 5;
  return Number((Math.ceil(number / unit) * unit).toPrecision(6));
}
