/**
 * Starts the worker, also where a page enforces Trusted Types, and also where the widget lies on another origin than the
 * page.
 *
 * Trusted Types: the address of a worker must come from a policy. Ours is called `lookalike` and is used for this alone;
 * the page's `trusted-types` directive has to name it.
 *
 * Another origin: a browser starts no worker from there, but one of the page's own may import it. That one is a blob, so
 * such a page's policy needs `blob:` and the other origin in both `worker-src` and `script-src`, and the other origin has to
 * allow the page to read its files (CORS). A page that does without blobs hosts a file of its own with the one line
 * `import "https://cdn.example/lookalike/worker/worker.js";` and names it as `workerUrl`.
 */
/** @import { WasmUrls } from "../shared/types.js" */

/**
 * @typedef {object} Settings
 * @property {string | URL} [workerUrl] the worker's script, on the page's origin; default: beside this one
 * @property {WasmUrls} [wasm] the wasm modules; default: beside the worker
 */

/** @type {Settings} */
const settings = {};

/**
 * For every worker of the page that is not started yet.
 *
 * @param {Settings} to
 */
export function configure(to) {
  Object.assign(settings, to);
}

/** Absolute, since a worker resolves addresses against its own. @param {Settings} own @returns {WasmUrls | undefined} */
export function wasmUrls({ wasm } = settings) {
  if (!wasm) return undefined;
  const absolute = (/** @type {string | undefined} */ url) => url && new URL(url, document.baseURI).href;
  const { rank, rankCells, embed, embedRelaxed } = wasm;
  return { rank: absolute(rank), rankCells: absolute(rankCells), embed: absolute(embed), embedRelaxed: absolute(embedRelaxed) };
}

/** @type {{ createScriptURL(address: string): string } | undefined} */
let policy;

/** @param {string} address */
function trusted(address) {
  try {
    policy ??= /** @type {any} */ (globalThis).trustedTypes?.createPolicy("lookalike", {
      createScriptURL: (/** @type {string} */ own) => own,
    });
  } catch {
    // Not named by the page: where Trusted Types are not enforced it does not matter, else the worker's error says so.
  }
  return policy ? policy.createScriptURL(address) : address;
}

/** @param {string} address */
const bootstrap = (address) =>
  URL.createObjectURL(new Blob([`import ${JSON.stringify(address)};`], { type: "text/javascript" }));

/** @param {Settings} [own] @returns {Worker} */
export function startWorker({ workerUrl } = settings) {
  if (workerUrl) return new Worker(trusted(new URL(workerUrl, document.baseURI).href), { type: "module" });
  const Plain = Worker;
  // Bundlers know a worker by the very words of the call below and follow them to its file, so what has to be done to the
  // address is done behind them: Worker is another one for the length of this call.
  globalThis.Worker = class extends Plain {
    /** @param {string | URL} address @param {WorkerOptions} [options] */
    constructor(address, options) {
      const { href, origin } = new URL(address, document.baseURI);
      super(trusted(origin === location.origin ? href : bootstrap(href)), options);
    }
  };
  try {
    return new Worker(new URL("../worker/worker.js", import.meta.url), { type: "module" });
  } finally {
    globalThis.Worker = Plain;
  }
}
