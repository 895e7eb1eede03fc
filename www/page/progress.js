/** How far the work is: a stage in words and a bar; a thin line above the products where there is no photo on show. */
import { make } from "./make.js";
import { sheet } from "./styles.js";

const styles = sheet(`
.busy { display: flex; flex-direction: column; gap: .35em; align-self: stretch; font-size: .9em; }
.bar { height: 6px; border-radius: 3px; background: var(--_line); overflow: hidden; }
.fill { height: 100%; background: var(--_accent); transform: scaleX(0); transform-origin: 0 50%; transition: transform .2s; }
.fill:dir(rtl) { transform-origin: 100% 50%; }
.busy.done { visibility: hidden; }
/* What takes no time is not worth a line. */
.results > .busy { position: absolute; inset: -10px 0 auto; animation: appear .2s .3s both; }
.results > .busy .bar { height: 4px; }
.results > .busy .stage { position: absolute; clip-path: inset(50%); }
@keyframes appear { from { opacity: 0; } }
@media (prefers-reduced-motion: reduce) { .fill { transition: none; } }
@media (forced-colors: active) { .fill { background: Highlight; forced-color-adjust: none; } .bar { border: 1px solid; } }
`);

export class Progress {
  sheet = styles;
  #fill = make("div", { class: "fill", part: "progress-fill" });
  #stage = make("span", { class: "stage", part: "stage" });
  #bar = make(
    "div",
    { class: "bar", part: "progress", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 },
    this.#fill,
  );
  node = make("div", { class: "busy done" }, this.#stage, this.#bar);

  /** @param {string} label @param {number} fraction */
  show(label, fraction) {
    this.node.classList.remove("done");
    this.#stage.textContent = label;
    this.#bar.setAttribute("aria-label", label);
    this.#bar.setAttribute("aria-valuenow", String(Math.round(fraction * 100)));
    this.#fill.style.transform = `scaleX(${fraction})`;
  }

  end() {
    this.node.classList.add("done");
  }
}
