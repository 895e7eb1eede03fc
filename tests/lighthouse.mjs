// What Lighthouse says of the demo shop, as JSON: the score of each category, and every audit that costs points.
// usage: lighthouse.mjs PACKAGE PRECOMPUTE DEMO; CHROME_PATH names the browser.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const [lighthouse, precompute, demo] = process.argv.slice(2);
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];
const FLAGS = "--headless --no-sandbox --disable-gpu --disable-background-networking";

const photos = join(demo, "sample", "photos");
const [product] = readdirSync(photos).sort()[0].split(".");
const shop = spawn(precompute, ["serve", join(demo, "lookalike"), "--photos", photos], { stdio: ["ignore", "pipe", "inherit"] });
const scratch = mkdtempSync(join(tmpdir(), "lookalike-lighthouse-"));
try {
  const [line] = await once(createInterface({ input: shop.stdout }), "line");
  const address = line.split(" ").at(-1);
  const report = join(scratch, "report.json");
  const options = ["--quiet", "--output=json", `--output-path=${report}`, `--chrome-flags=${FLAGS}`];
  options.push(`--only-categories=${CATEGORIES}`, "--no-enable-error-reporting");
  execFileSync("npx", ["--yes", lighthouse, `${address}?item=${product}`, ...options], { stdio: ["ignore", 2, 2] });
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
