"""This project beside its peers on the same networks, natively and in browsers, in turns: `bench.py --work FOLDER --out FILE
--shared ../shared --program PRECOMPUTE --widget WIDGET`. Writes FILE and prints it.

Times on a shared machine come and go, so what counts is the ratio of medians over rounds that take turns. The results of
both are compared too: a fast network that answers something else is no faster.
"""

import argparse
import concurrent.futures
import functools
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

import page

RUNS = 5
OURS = ("cargo", "bench", "--quiet", "--locked", "--workspace", "--bench", "network", "--")
TRACT = ("cargo", "bench", "--quiet", "--locked", "--workspace", "--bench", "tract", "--")
ORT_WEB = "onnxruntime-web@1.30.0"
MODULES = {"relaxed_simd": "embed_relaxed_bg.wasm", "simd128": "embed_bg.wasm"}
# As shared/peers/vgg16_random.py takes them; None: shared/models has it.
NETWORKS = {"vgg16": [], "slim": ["--width", "0.25", "--fc", "512"], "mobilenetv2": None}
DRIVERS = {"chromium": "chromedriver", "firefox": "geckodriver", "webkit": "WebKitWebDriver"}
PHOTOS = 160  # of the catalogue, for throughput


def session(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def of_any_batch(path):
    """The same network for any number of photos at once, beside it."""
    batched = path.with_suffix(".batched.onnx")
    if not batched.exists():
        network = onnx.load(path)
        for value in (*network.graph.input, *network.graph.output):
            value.type.tensor_type.shape.dim[0].dim_param = "n"
        onnx.save(network, batched)
    return batched


def disorder(side, batch=1):
    one = ((np.arange(3 * side * side) * 7919 % 1000) / 500 - 1).astype(np.float32).reshape(1, 3, side, side)
    return np.repeat(one, batch, axis=0)


def peer(path, threads):
    """A function that gives seconds and embedding of one run."""
    network = session(path, threads)
    x = disorder(network.get_inputs()[0].shape[-1])

    def run():
        start = time.perf_counter()
        made = network.run(None, {"input": x})[0].ravel()
        return time.perf_counter() - start, made

    run()
    return run


def lines_of(command):
    return json.loads(subprocess.check_output([str(part) for part in command]))


def side_by_side(path, folder, options):
    """Seconds of one photo on one thread."""
    theirs = peer(path, 1)
    ours_s, theirs_s, tract_s, load_s, worst = [], [], [], [], 1.0
    for _ in range(options.rounds):
        report = lines_of([*OURS, folder.resolve(), RUNS])
        ours_s += report["seconds"]
        load_s.append(report["load_s"])
        for _ in range(RUNS):
            seconds, made = theirs()
            theirs_s.append(seconds)
        tract_s += lines_of([*TRACT, path.resolve(), RUNS])["seconds"]
        mine = np.array(report["embedding"])
        worst = min(worst, float(made @ mine / np.linalg.norm(made) / np.linalg.norm(mine)))
    ours, ort, tract = (statistics.median(times) for times in (ours_s, theirs_s, tract_s))
    return {"ours_s": ours, "ort_s": ort, "tract_s": tract, "ratio_vs_ort": ours / ort, "ratio_vs_tract": ours / tract,
            "threads": 1, "load_s": statistics.median(load_s), "cosine_8_bit_weights": worst}


def throughput(path, folder, options):
    """Photos a second on all cores: `precompute build` from files to embeddings, ONNX Runtime from inputs that are ready."""
    cores = len(os.sched_getaffinity(0))
    photos = options.work / "photos"
    photos.mkdir(exist_ok=True)
    for photo in sorted((options.shared / "catalog/images").glob("*.jpg"))[:PHOTOS]:
        shutil.copy(photo, photos)
    out = options.work / "throughput"
    batched = of_any_batch(path)
    whole, single = session(batched, cores), session(batched, 1)
    side = whole.get_inputs()[0].shape[-1]

    def together(batch):
        start = time.perf_counter()
        for _ in range(max(1, 16 // len(batch))):
            whole.run(None, {"input": batch})
        return max(1, 16 // len(batch)) * len(batch) / (time.perf_counter() - start)

    def apart():
        with concurrent.futures.ThreadPoolExecutor(cores) as pool:
            start = time.perf_counter()
            list(pool.map(lambda _: single.run(None, {"input": disorder(side)}), range(16)))
            return 16 / (time.perf_counter() - start)

    ways = {f"{cores} threads, batches of {size}": functools.partial(together, disorder(side, size)) for size in (1, 4, 8)}
    ways[f"{cores} photos at once"] = apart
    ours, theirs = [], {way: [] for way in ways}
    for _ in range(options.rounds):
        shutil.rmtree(out, ignore_errors=True)
        shutil.rmtree(out.with_name(out.name + ".cache"), ignore_errors=True)
        report = lines_of([options.program, "build", photos, "--out", out, "--model", folder, "--no-thumbnails", "--json"])
        ours.append(report["images_per_second"])
        for way, run in ways.items():
            theirs[way].append(run())
    way, ort = max(((way, statistics.median(rates)) for way, rates in theirs.items()), key=lambda pair: pair[1])
    ours = statistics.median(ours)
    return {"ours_photos_per_s": ours, "ort_photos_per_s": ort, "ort_best": way, "ratio": ours / ort, "threads": cores}


def in_browser(browser, names, options):
    """Milliseconds of one photo in one browser, a page after the other."""
    site = options.work / "site"
    site.mkdir(exist_ok=True)
    if not (site / "node_modules").exists():
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", site, ORT_WEB], check=True)
    shutil.rmtree(site / "widget", ignore_errors=True)
    shutil.copytree(options.widget, site / "widget")
    shutil.copy(Path(__file__).with_name("ours.html"), site)
    shutil.copy(options.shared / "peers/ort_web.html", site)
    shutil.copy(min((options.shared / "catalog/images").glob("*.jpg")), site / "photo.jpg")
    pages = {}
    for name in names:
        shutil.copytree(options.work / f"bench-{name}", site / name, dirs_exist_ok=True)
        shutil.copy(options.work / f"{name}.onnx", site)
        for module, file in MODULES.items():
            pages[name, module] = f"ours.html?wasm={file}&network={name}&photo=photo.jpg"
        for threads in (1, 2):
            pages[name, f"ort_web_{threads}"] = f"ort_web.html?m=/{name}.onnx&t={threads}"
    answers = {name: [] for name in pages}
    with page.served(site) as base:
        for _ in range(options.rounds):
            addresses = [base + address for address in pages.values()]
            for name, answer in zip(pages, page.answers(browser, addresses, options.shared), strict=True):
                answers[name].append(answer["result"])
    report = {}
    for name in names:
        found = {}
        for what in (*MODULES, "ort_web_1", "ort_web_2"):
            got = answers[name, what]
            wrong = next((answer["error"] for answer in got if "error" in answer), None)
            if wrong:
                found[what] = {"error": wrong}
                continue
            found[what] = {key: statistics.median(answer[key] for answer in got)
                           for key in ("median_ms", "load_ms", "memory_bytes") if key in got[0]}
        ort = found["ort_web_1"].get("median_ms")
        for module in MODULES:
            if ort and "median_ms" in found[module]:
                found[module]["ratio"] = found[module]["median_ms"] / ort
        # What the widget takes: relaxed SIMD where the browser has it.
        chosen = found[next((module for module in MODULES if "median_ms" in found[module]), "simd128")]
        report[name] = {"browser": answer["version"], "ours_ms": chosen.get("median_ms"), "ort_web_ms": ort,
                        "ort_web_2_threads_ms": found["ort_web_2"].get("median_ms"), "ratio": chosen.get("ratio"), **found}
    return report


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--widget", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if not options.shared.exists():
        sys.exit(f"skipped: {options.shared} is not there")
    options.work.mkdir(parents=True, exist_ok=True)
    report = {"onnxruntime": onnxruntime.__version__, "onnxruntime_web": ORT_WEB, "wasm": {}, "slim": {"wasm": {}},
              "mobilenetv2": {"wasm": {}}, "memory": {}}
    for name, arguments in NETWORKS.items():
        path, folder = options.work / f"{name}.onnx", options.work / f"bench-{name}"
        if arguments is None:
            shutil.copy(options.shared / "models" / path.name, path)
        elif not path.exists():
            subprocess.run([sys.executable, options.shared / "peers/vgg16_random.py", path, *arguments], check=True)
        compile_ = [options.program, "model", "compile", path, "--preprocessing", "torch", "-o", folder]
        subprocess.run(compile_, check=True, stdout=subprocess.DEVNULL)
        native = side_by_side(path, folder, options)
        native["throughput"] = throughput(path, folder, options)
        print(json.dumps({name: native}), flush=True)
        (report if name == "vgg16" else report[name])["native"] = native
    for browser, driver in DRIVERS.items():
        if not (shutil.which(driver) and shutil.which("npm")):
            print(f"skipped in {browser}: there is no {driver} or no npm", flush=True)
            continue
        for name, found in in_browser(browser, list(NETWORKS), options).items():
            print(json.dumps({browser: {name: found}}), flush=True)
            (report if name == "vgg16" else report[name])["wasm"][browser] = found
            for module in MODULES:
                report["memory"][f"{name}_{browser}_{module}"] = found[module].get("memory_bytes")
    options.out.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
