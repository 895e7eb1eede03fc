// What Lighthouse says of the demo shop, as JSON: the score of each category, and every audit that costs points.
// usage: lighthouse.mjs PACKAGE PRECOMPUTE DEMO; CHROME_PATH names the browser.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { brotliCompress } from "node:zlib";

const [lighthouse, precompute, demo] = process.argv.slice(2);
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];
const FLAGS = "--headless --no-sandbox --disable-gpu --disable-background-networking";

/** What hosts compress, and what README says may be cached for ever. */
const COMPRESSED = /^(text\/|application\/(json|wasm|octet-stream)|image\/svg)/;
const HASHED = /-[0-9a-f]{16}[./]|\/thumbnails\//;
const PASSED = ["content-type", "content-security-policy", "x-content-type-options", "referrer-policy"];

/** A host as shops have: text is compressed as it is asked for. `precompute serve`, which does not, is behind it. */
function host(shop) {
  const compress = promisify(brotliCompress);
  const answer = async (url, response) => {
    const from = await fetch(new URL(url, shop));
    for (const name of PASSED) if (from.headers.has(name)) response.setHeader(name, from.headers.get(name));
    response.setHeader("cache-control", HASHED.test(url) ? "public, max-age=31536000, immutable" : "no-cache");
    const plain = Buffer.from(await from.arrayBuffer());
    const small = COMPRESSED.test(from.headers.get("content-type") ?? "");
    if (small) response.setHeader("content-encoding", "br");
    response.writeHead(from.status).end(small ? await compress(plain) : plain);
  };
  return createServer(({ url }, response) => answer(url, response).catch((error) => response.writeHead(502).end(`${error}`)));
}

const photos = join(demo, "sample", "photos");
const [product] = readdirSync(photos).sort()[0].split(".");
const shop = spawn(precompute, ["serve", join(demo, "lookalike"), "--photos", photos], { stdio: ["ignore", "pipe", "inherit"] });
const scratch = mkdtempSync(join(tmpdir(), "lookalike-lighthouse-"));
try {
  const [line] = await once(createInterface({ input: shop.stdout }), "line");
  const server = host(line.split(" ").at(-1)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `http://127.0.0.1:${server.address().port}/`;
  const report = join(scratch, "report.json");
  const options = ["--quiet", "--output=json", `--output-path=${report}`, `--chrome-flags=${FLAGS}`];
  options.push(`--only-categories=${CATEGORIES}`, "--no-enable-error-reporting");
  const run = spawn("npx", ["--yes", lighthouse, `${address}?item=${product}`, ...options], { stdio: ["ignore", 2, 2] });
  const [status] = await once(run, "exit");
  server.close();
  server.closeAllConnections();
  if (status !== 0) throw new Error(`lighthouse ended with ${status}`);
  const { categories, audits, lighthouseVersion } = JSON.parse(readFileSync(report, "utf8"));
  const scores = {};
  const short = [];
  for (const [name, { score, auditRefs }] of Object.entries(categories)) {
    scores[name] = Math.round(score * 100);
    for (const { id, weight } of auditRefs) {
      const { title, score: got, displayValue } = audits[id];
      if (weight > 0 && got !== null && got < 1) short.push({ category: name, id, score: got, title, value: displayValue });
    }
  }
  console.log(JSON.stringify({ lighthouse: lighthouseVersion, scores, short }, null, 1));
} finally {
  shop.kill();
  rmSync(scratch, { recursive: true, force: true });
}
