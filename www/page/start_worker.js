/**
 * Starts the worker, also where a page enforces Trusted Types, and also where the widget lies on another origin than the
 * page.
 *
 * Trusted Types: the address of a worker must come from a policy. Ours is called `lookalike`, is made once a page and used for
 * this alone; the page's `trusted-types` directive has to name it.
 *
 * Another origin: a browser starts no worker from there, but one of the page's own may import it. That one is a blob, so
 * such a page's policy needs `blob:` and the other origin in both `worker-src` and `script-src`, and the other origin has to
 * allow the page to read its files (CORS). A page that does without blobs hosts a file of its own with the one line
 * `import "https://cdn.example/lookalike/worker/worker.js";` and names it as `workerUrl`.
 */
/** @import { WasmUrls } from "../shared/types.js" */
import { registry } from "./registry.js";
import { WASM, WORKER } from "./worker_files.js";

/**
 * @typedef {object} Settings
 * @property {string | URL} [workerUrl] the worker's script, on the page's origin; default: beside this one
 * @property {WasmUrls} [wasm] the wasm modules; default: beside the worker. A page that names `embed` alone names the one that
 *   runs everywhere
 */

/** Absolute, since a worker resolves addresses against its own. @param {Settings} settings @returns {Required<WasmUrls>} */
export function wasmUrls({ wasm = {} }) {
  const absolute = (/** @type {string | URL} */ url) => new URL(url, globalThis.document?.baseURI).href;
  return {
    rank: absolute(wasm.rank ?? WASM.rank),
    rankPartitions: absolute(wasm.rankPartitions ?? WASM.rankPartitions),
    embed: absolute(wasm.embed ?? WASM.embed),
    embedRelaxed: absolute(wasm.embedRelaxed ?? wasm.embed ?? WASM.embedRelaxed),
  };
}

/** Where the worker's script lies. @param {Settings} settings */
export const workerUrl = ({ workerUrl: own }) => (own ? new URL(own, document.baseURI) : WORKER);

/** @param {string} address */
function trusted(address) {
  try {
    registry.policy ??= /** @type {any} */ (globalThis).trustedTypes?.createPolicy("lookalike", {
      createScriptURL: (/** @type {string} */ own) => own,
    });
  } catch {
    // Not named by the page: where Trusted Types are not enforced it does not matter, else the worker's error says so.
  }
  return registry.policy ? registry.policy.createScriptURL(address) : address;
}

/** @param {string} address */
const bootstrap = (address) =>
  URL.createObjectURL(new Blob([`import ${JSON.stringify(address)};`], { type: "text/javascript" }));

/** @param {Settings} settings @returns {Worker} */
export function startWorker(settings) {
  const { href, origin } = workerUrl(settings);
  // What the page names is the page's own, whatever its address.
  const own = settings.workerUrl || origin === location.origin;
  return new Worker(trusted(own ? href : bootstrap(href)), { type: "module" });
}
