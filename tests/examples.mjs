// The npm package and the examples as a shop would use them: packed, installed, built, type-checked.
// usage: examples.mjs PACKAGE WORK TSC

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [packaged, work, tsc] = process.argv.slice(2).map((path) => resolve(path));
const project = dirname(dirname(fileURLToPath(import.meta.url)));
const examples = join(project, "www/examples");
/** npm's words for a registry that is out of reach, rather than for a package that is not as it should be. */
const OFFLINE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|E404|E403|network/;

// npm and the bundlers run on the same node as this.
const env = { ...process.env, PATH: dirname(process.execPath) + delimiter + process.env.PATH };
const run = (folder, program, ...given) =>
  execFileSync(program, given, { cwd: folder, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 300_000 });
const npm = (folder, ...given) => run(folder, "npm", ...given, "--no-audit", "--no-fund", "--loglevel=error");

const outcomes = { passed: 0, failed: 0, skipped: 0 };

function test(name, body) {
  try {
    const skipped = body();
    outcomes[skipped ? "skipped" : "passed"] += 1;
    console.log(skipped ? `SKIPPED ${name}: ${skipped}` : `ok ${name}`);
  } catch (error) {
    outcomes.failed += 1;
    console.log(`FAILED ${name}: ${error.stack}\n${error.stdout ?? ""}${error.stderr ?? ""}`);
  }
}

function ensure(condition, message) {
  if (!condition) throw new Error(message);
}

rmSync(work, { recursive: true, force: true });
mkdirSync(work, { recursive: true });
const { version } = JSON.parse(readFileSync(join(packaged, "package.json"), "utf8"));
const archive = join(work, `lookalike-${version}.tgz`);

test("the package holds what its exports name, and nothing of the tests", () => {
  const [{ files }] = JSON.parse(run(packaged, "npm", "pack", "--json", "--pack-destination", work));
  const paths = new Set(files.map(({ path }) => path));
  ensure(existsSync(archive), "npm pack wrote another file");
  const { exports } = JSON.parse(readFileSync(join(packaged, "package.json"), "utf8"));
  const named = Object.values(exports).flatMap((target) => (typeof target === "string" ? [target] : Object.values(target)));
  for (const target of named) {
    const path = target.replace(/^\.\//, "");
    const there = path.includes("*") ? [...paths].some((one) => one.startsWith(path.split("*")[0])) : paths.has(path);
    ensure(there, `${target} is not in the package`);
  }
  for (const wasm of ["rank", "rank_partitions", "embed", "embed_relaxed"]) ensure(paths.has(`wasm/${wasm}_bg.wasm`), `no ${wasm} module`);
  for (const path of paths) ensure(!/tests?\/|examples\/|tsconfig|\.mjs$/.test(path), `${path} is in the package`);
  const cargo = /^version = "([^"]+)"/m.exec(readFileSync(join(project, "Cargo.toml"), "utf8"));
  ensure(cargo?.[1] === version, `package.json has version ${version}, Cargo.toml ${cargo?.[1]}`);
});

test("a TypeScript project sees its types", () => {
  const folder = join(work, "types");
  mkdirSync(join(folder, "node_modules/lookalike"), { recursive: true });
  run(folder, "tar", "-xzf", archive, "-C", join(folder, "node_modules/lookalike"), "--strip-components=1");
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  cpSync(join(project, "tests/package/consumer.ts"), join(folder, "consumer.ts"));
  for (const [module, moduleResolution] of [["esnext", "bundler"], ["nodenext", "nodenext"]]) {
    const lib = ["es2022", "dom", "dom.iterable"];
    const compilerOptions = { noEmit: true, strict: true, target: "es2022", lib, types: [], module, moduleResolution };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
    run(folder, "node", tsc, "-p", folder);
  }
});

test("examples name attributes that there are", () => {
  const { modules } = JSON.parse(readFileSync(join(packaged, "custom-elements.json"), "utf8"));
  const known = new Set(modules[0].declarations[0].attributes.map(({ name }) => name));
  let seen = 0;
  for (const path of readdirSync(examples, { recursive: true })) {
    if (!/\.(html|jsx|vue|svelte|njk|liquid)$/.test(path)) continue;
    const text = readFileSync(join(examples, path), "utf8");
    for (const [, tag] of text.matchAll(/<more-like-this((?:\s+[^<]*?|\s*))>/g)) {
      // Values first, which may hold anything.
      const bare = tag.replace(/(=|\s)("[^"]*"|\{[^}]*\})/g, "$1");
      for (const [, name] of bare.matchAll(/(?:^|\s):?([a-z][a-z-]*)/g)) {
        ensure(known.has(name) || ["ref", "onmlt-select"].includes(name), `${path}: there is no attribute ${name}`);
        seen += 1;
      }
    }
  }
  ensure(seen >= 20, `only ${seen} attributes were found`);
});

for (const [name, modules] of [["vite", 4], ["react", 4], ["webpack", 4]]) {
  test(`the ${name} example is built, worker and modules with it`, () => {
    const folder = join(work, name);
    cpSync(join(examples, name), folder, { recursive: true });
    const own = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    own.dependencies.lookalike = `file:${archive}`;
    writeFileSync(join(folder, "package.json"), JSON.stringify(own));
    try {
      npm(folder, "install");
    } catch (error) {
      if (OFFLINE.test(error.stderr)) return `npm cannot fetch packages here (${error.stderr.trim().split("\n")[0]})`;
      throw error;
    }
    npm(folder, "run", "build");
    const built = readdirSync(join(folder, "dist"), { recursive: true });
    const wasm = built.filter((path) => path.endsWith(".wasm"));
    ensure(wasm.length === modules, `${wasm.length} wasm modules: ${built}`);
    const read = (path) => readFileSync(join(folder, "dist", path), "utf8");
    const scripts = built.filter((path) => path.endsWith(".js"));
    // The worker is carried along whole, so that it may lie anywhere.
    const worker = scripts.find((path) => /addEventListener\(["'`]message["'`]/.test(read(path)));
    ensure(worker, `no script is the worker: ${scripts}`);
    ensure(!/\bimport\s*["'`(*{]|\bfrom\s*["'`]/.test(read(worker)), "the worker imports something");
    // Who starts it names it, and the modules, under the names that they have now.
    const names = [worker, ...wasm].map((path) => path.split("/").pop());
    const starter = scripts.map(read).find((text) => names.every((name) => text.includes(name)));
    ensure(starter && /new Worker\(/.test(starter), "no script starts the worker and names all modules");
  });
}

console.log(`${outcomes.passed} passed, ${outcomes.failed} failed, ${outcomes.skipped} skipped`);
process.exitCode = outcomes.failed > 0 ? 1 : 0;
