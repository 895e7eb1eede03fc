/** The element's style sheet, shared by all its shadow roots. Constructed, so that no style-src but 'self' is needed. */

/** On a server, where there is none, this file is imported all the same. @param {string} css */
export function sheet(css) {
  if (!globalThis.CSSStyleSheet) return /** @type {CSSStyleSheet} */ (/** @type {unknown} */ (undefined));
  const made = new CSSStyleSheet();
  made.replaceSync(css);
  return made;
}

export const styles = sheet(`
:host {
  /* Mixed from the page's own text colour: right on any ground, light or dark. */
  --_accent: var(--mlt-accent, currentColor);
  --_muted: var(--mlt-muted, color-mix(in srgb, currentColor 72%, transparent));
  --_line: var(--mlt-line, color-mix(in srgb, currentColor 24%, transparent));
  --_frame: var(--mlt-frame, color-mix(in srgb, currentColor 7%, transparent));
  --_radius: var(--mlt-radius, 10px);
  --_gap: var(--mlt-gap, 16px);
  display: block;
  color: var(--mlt-text, inherit);
  line-height: 1.4;
}
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; }
.bare h2 { display: none; }
h2 { font-size: 1.25em; line-height: 1.3; margin: 0 0 .6em; }
ul { list-style: none; margin: 0; padding: 0; display: grid; gap: var(--_gap);
  grid-template-columns: repeat(auto-fill, minmax(min(var(--mlt-card-width, 160px), 45%), 1fr)); }
:host([layout=strip]) ul { grid: auto / auto-flow var(--mlt-card-width, 160px); overflow-x: auto;
  scroll-snap-type: x proximity; scroll-padding: 4px; padding: 4px; margin: -4px; }
li { min-width: 0; scroll-snap-align: start; }
.stale .frame { opacity: .5; transition: opacity .2s .15s; }
.card { display: block; position: relative; color: inherit; text-decoration: none; border-radius: var(--_radius); }
.frame { aspect-ratio: var(--mlt-ratio, 4 / 5); border-radius: var(--_radius); background: var(--_frame); overflow: hidden; }
.frame img { display: block; width: 100%; height: 100%; object-fit: var(--mlt-fit, cover); transition: transform .25s; }
a[href]:hover img { transform: scale(1.03); }
a[href]:hover .title { text-decoration: underline; }
.words { display: flex; flex-wrap: wrap; gap: 0 .5em; justify-content: space-between; align-content: start; padding: .5em .1em 0;
  min-height: 4.8em; font-size: .9em; }
.title { flex: 0 0 100%; overflow: hidden; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow-wrap: anywhere; }
.price { font-weight: 600; }
.distance { color: var(--_muted); font-variant-numeric: tabular-nums; }
.picker { display: flex; flex-wrap: wrap; align-items: center; gap: .5em .9em; min-height: 48px; margin-bottom: .9em; }
.choose::before { content: ""; display: inline-block; width: 1.15em; height: .85em; margin-inline-end: .6em; vertical-align: -.1em; border: .13em solid;
  border-radius: .22em; background: radial-gradient(circle, currentColor .2em, transparent .21em); }
.camera { display: none; }
@media (pointer: coarse) { .camera { display: block; } .drop { display: none; } }
.controls { min-height: var(--mlt-controls, 46px); margin-bottom: .9em; container-type: inline-size; }
.results { position: relative; }
.hint { color: var(--_muted); font-size: .875em; }
button { font: inherit; color: inherit; background: none; border: 1px solid var(--_line); border-radius: 999px;
  padding: .45em 1em; min-height: 40px; cursor: pointer; }
button:hover { border-color: currentColor; }
:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
.over { outline: 2px dashed var(--_accent); outline-offset: 6px; border-radius: var(--_radius); }
.message { display: flex; flex-wrap: wrap; align-items: center; gap: .6em 1em; margin: 0 0 .9em; }
.message p { margin: 0; }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
`);
