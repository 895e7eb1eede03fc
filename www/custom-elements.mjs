// The custom elements manifest (github.com/webcomponents/custom-elements-manifest, schema 1.0.0) from the contract that
// heads page/element.js, for editors and documentation. usage: node custom-elements.mjs > custom-elements.json

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Reads the contract; `text` is the source of page/element.js. */
export function readContract(text) {
  const comment = text.slice(text.indexOf("/**") + 3, text.indexOf("*/"));
  const lines = comment.split("\n").map((line) => line.replace(/^ \* ?/, ""));
  return {
    summary: paragraph(lines, 1),
    attributes: table(lines, "Attributes", /^ {2}([a-z-]+) +(.*)$/),
    events: table(lines, "Events", /^ {2}(mlt-[a-z]+) +(.*)$/),
    parts: names(lines, "Parts:"),
    // Of "empty, instead of the sentence that ..." the name is what comes before the comma.
    slots: section(lines, "Slots:").split(";").map((slot) => slot.split(",")[0].replace(/\.$/, "").trim()).map(named),
    cssProperties: names(lines, "Custom properties:").filter((name) => name.startsWith("--")),
  };
}

/** Lines that begin an entry, and those further in that go on with it, up to the next empty line. */
function table(lines, heading, entry) {
  const start = lines.findIndex((line) => line.startsWith(heading)) + 1;
  const found = [];
  for (const line of lines.slice(start)) {
    if (!line.trim()) break;
    const [, name, description] = entry.exec(line) ?? [];
    if (name) found.push({ name, description });
    else found.at(-1).description += ` ${line.trim()}`;
  }
  return found;
}

const named = (slot) => (slot === "the default one" ? "" : slot);

/** The names that a section lists, without what stands in parentheses. */
const names = (lines, heading) =>
  section(lines, heading)
    .split(/[,;]/)
    .map((name) => name.replace(/\.+\s*$/, "").trim())
    .filter((name) => /^(--)?[a-z][a-z0-9-]*$/.test(name));

/** The text from a heading to the next one. "button (and choose, camera)" is three names; other parentheses explain. */
function section(lines, heading) {
  const start = lines.findIndex((line) => line.startsWith(heading));
  const text = [lines[start].slice(heading.length)];
  for (const line of lines.slice(start + 1)) {
    if (!line.startsWith("  ")) break;
    text.push(line);
  }
  return text.join(" ").replace(/\(and ([^)]*)\)/g, ", $1").replace(/\([^)]*\)/g, "");
}

function paragraph(lines, start) {
  const end = lines.findIndex((line, n) => n > start && !line.trim());
  return lines.slice(start, end).join(" ").trim();
}

/** The manifest's object. */
export function manifest({ summary, attributes, events, parts, slots, cssProperties }) {
  const declaration = {
    kind: "class",
    customElement: true,
    name: "MoreLikeThis",
    tagName: "more-like-this",
    summary,
    superclass: { name: "HTMLElement" },
    attributes: attributes.map((attribute) => ({ ...attribute, fieldName: attribute.name })),
    events: events.map((event) => ({ ...event, type: { text: `MoreLikeThisEvents["${event.name}"]` } })),
    slots: slots.map((name) => ({ name })),
    cssParts: parts.map((name) => ({ name })),
    cssProperties: cssProperties.map((name) => ({ name })),
  };
  const declared = { name: "MoreLikeThis", module: "page/element.js" };
  return {
    schemaVersion: "1.0.0",
    modules: [
      {
        kind: "javascript-module",
        path: "page/element.js",
        declarations: [declaration],
        exports: [{ kind: "js", name: "MoreLikeThis", declaration: declared }],
      },
      {
        kind: "javascript-module",
        path: "define.js",
        exports: [{ kind: "custom-element-definition", name: "more-like-this", declaration: declared }],
      },
    ],
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const source = readFileSync(new URL("page/element.js", import.meta.url), "utf8");
  console.log(JSON.stringify(manifest(readContract(source)), undefined, 2));
}
