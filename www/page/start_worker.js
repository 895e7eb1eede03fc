/**
 * Starts the worker, also where a page enforces Trusted Types, and also where the widget lies on another origin than the
 * page.
 *
 * Trusted Types: the address of a worker must come from a policy. Ours is called `lookalike` and is used for this alone;
 * the page's `trusted-types` directive has to name it.
 *
 * Another origin: a browser starts no worker from there, but one of the page's own may import it. That one is a blob, so
 * such a page's policy needs `worker-src blob:` and the other origin in `script-src`, and the other origin has to allow
 * the page to read its files (CORS).
 */

/** @type {{ createScriptURL(address: string): string } | undefined} */
let policy;

/** @param {string} address */
function trusted(address) {
  policy ??= /** @type {any} */ (globalThis).trustedTypes?.createPolicy("lookalike", {
    createScriptURL: (/** @type {string} */ own) => own,
  });
  return policy ? policy.createScriptURL(address) : address;
}

/** @param {string} address */
const bootstrap = (address) =>
  URL.createObjectURL(new Blob([`import ${JSON.stringify(address)};`], { type: "text/javascript" }));

/** @returns {Worker} */
export function startWorker() {
  const Plain = Worker;
  // Bundlers know a worker by the very words of the call below and follow them to its file, so what has to be done to the
  // address is done behind them: Worker is another one for the length of this call.
  globalThis.Worker = class extends Plain {
    /** @param {string | URL} address @param {WorkerOptions} [options] */
    constructor(address, options) {
      const { href, origin } = new URL(address);
      super(trusted(origin === location.origin ? href : bootstrap(href)), options);
    }
  };
  try {
    return new Worker(new URL("../worker/worker.js", import.meta.url), { type: "module" });
  } finally {
    globalThis.Worker = Plain;
  }
}
