/** One line in the console for each fault of a page: what is wrong, with which file, and what to do. Shoppers read texts.js. */
/** @import { LookalikeError } from "../shared/errors.js" */
/** @import { Attributes } from "./attributes.js" */
import { registry } from "./registry.js";

/** Whose photo or wish it is, is no fault of the page. */
const SHOPPERS = /^(photo\/|aborted$)/;

/** By code, or by the part of it before the slash. @type {Record<string, (host: Attributes) => string>} */
const CURES = {
  "folder/missing": ({ src }) =>
    `Is ${src} the folder that \`precompute build\` wrote, and uploaded whole, with manifest.json last? Its host must not answer with a page of its own for files that are not there.`,
  "folder/unreachable": ({ src }) => `Can ${src} be reached from this page? Another origin has to allow it (CORS), and the page's policy to name it.`,
  "folder/corrupt": () => "Upload the folder again, whole; what keeps copies of it (a CDN) may have to be emptied.",
  "folder/newer-version": () => "The page's script is older than the folder: reload, or empty what keeps copies of more-like-this.js.",
  "widget/outdated": () => "The folder of this script is no longer on the host; pages that are open go on with `--keep-generations 1`.",
  "item/unknown": ({ item, src }) => `Is item="${item}" an id of the table or the name of a photo in ${src}?`,
  "metric/unknown": ({ metric }) => `metric="${metric}" is none of cosine, euclidean, manhattan, or was not built.`,
  filter: ({ filter }) => `Check ${filter ? `filter="${filter}"` : "rules.filter"} against the columns of the table.`,
  "filters/unknown-column": ({ filters }) => `filters="${filters}" names columns of the table, separated by commas.`,
  "template/empty": () => 'Frameworks may empty <template slot="item">; set the property renderItem instead.',
  rules: () => "Rules and options are plain objects, arrays, texts and numbers.",
  "worker/crashed": () => "A content security policy has to allow the worker: worker-src, and trusted-types lookalike. An optimiser of scripts must leave more-like-this.js where it is.",
};

/** @param {LookalikeError} error @param {Attributes} host */
export function tell({ code, message }, host) {
  const line = `<more-like-this> ${code}: ${message}`;
  if (SHOPPERS.test(code) || registry.told.has(line)) return;
  registry.told.add(line);
  const cure = CURES[code] ?? CURES[code.split("/")[0]];
  console.warn(cure ? `${line}. ${cure(host)}` : line);
}
