// Which faults are tried and what comes of each, as a table: `node tests/faults.mjs cargo test ARGUMENTS`, where the rest is the
// command that runs tests. A fault is one line of faults.csv with the test that shows its outcome; a test that is not there, or
// that fails, fails the table.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const [command, ...first] = process.argv.slice(2);
const lines = readFileSync(new URL("faults.csv", import.meta.url), "utf8").trim().split("\n").slice(1);
const faults = lines.map((line) => {
  const [where, fault, outcome, test] = line.split(",");
  const [suite, name] = test.split(" ");
  return { where, fault, outcome, suite, name };
});

/** @type {Map<string, string>} "ok", "FAILED" or "ignored" by suite and test */
const ended = new Map();
for (const suite of new Set(faults.map(({ suite }) => suite))) {
  const names = [...new Set(faults.filter((fault) => fault.suite === suite).map(({ name }) => name))];
  const run = spawnSync(command, [...first, "--test", suite, "--", "--exact", ...names], { encoding: "utf8", maxBuffer: 1 << 28 });
  for (const [, name, end] of run.stdout.matchAll(/^test (\S+) \.\.\. (?:.*\n)*?.*?(ok|FAILED|ignored)$/gm)) ended.set(`${suite} ${name}`, end);
}
const bad = [];
console.log("| where | fault | what comes of it | shown |\n|---|---|---|---|");
for (const { where, fault, outcome, suite, name } of faults) {
  const end = ended.get(`${suite} ${name}`) ?? "no such test";
  if (end !== "ok") bad.push(`${fault}: ${suite} ${name}: ${end}`);
  console.log(`| ${where} | ${fault} | ${outcome} | ${end === "ok" ? "yes" : end} |`);
}
console.log(`\n${faults.length} faults, ${faults.length - bad.length} as said`);
if (bad.length) {
  console.error(bad.join("\n"));
  process.exit(1);
}
