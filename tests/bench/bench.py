"""This project beside ONNX Runtime on the same networks, natively and in Chromium, in turns: `bench.py --work FOLDER
--shared ../shared --program PRECOMPUTE --network BENCH --widget WIDGET`. Writes `bench.json` to FOLDER and prints it.

Times on a shared machine come and go, so what counts is the ratio of medians over rounds that take turns. The results of
both are compared too: a fast network that answers something else is no faster.
"""

import argparse
import functools
import http.server
import json
import shutil
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import onnxruntime

RUNS = 5
ORT_WEB = "onnxruntime-web@1.30.0"
MODULES = {"relaxed_simd": "lookalike_relaxed_bg.wasm", "simd128": "lookalike_bg.wasm"}
NETWORKS = {"vgg16": [], "slim224": ["--width", "0.25", "--fc", "512"]}  # as shared/peers/vgg16_random.py takes them


def peer(path, threads):
    """A function that gives seconds and embedding of one run."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    side = session.get_inputs()[0].shape[-1]
    x = ((np.arange(3 * side * side) * 7919 % 1000) / 500 - 1).astype(np.float32).reshape(1, 3, side, side)

    def run():
        start = time.perf_counter()
        made = session.run(None, {"input": x})[0].ravel()
        return time.perf_counter() - start, made

    run()
    return run


def side_by_side(path, options):
    folder = options.work / f"bench-{path.stem}"
    compile_ = [options.program, "model", "compile", path, "--preprocessing", "torch", "-o", folder]
    subprocess.run([str(part) for part in compile_], check=True, stdout=subprocess.DEVNULL)
    theirs = peer(path, 1)
    ours_s, theirs_s, load_s, worst = [], [], [], 1.0
    for _ in range(options.rounds):
        report = json.loads(subprocess.check_output([str(options.network), str(folder), str(RUNS)]))
        ours_s += report["seconds"]
        load_s.append(report["load_s"])
        for _ in range(RUNS):
            seconds, made = theirs()
            theirs_s.append(seconds)
        mine = np.array(report["embedding"])
        worst = min(worst, float(made @ mine / np.linalg.norm(made) / np.linalg.norm(mine)))
    ours, ort = statistics.median(ours_s), statistics.median(theirs_s)
    return {"ours_s": ours, "ort_s": ort, "ratio_vs_ort": ours / ort, "threads": 1, "load_s": statistics.median(load_s),
            "cosine_8_bit_weights": worst}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def in_browser(names, options, browser="chromium"):
    """Milliseconds of both in one browser, a page after the other, each on one thread."""
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
        pages[name, "ort_web"] = f"ort_web.html?m=/{name}.onnx"
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}/"
    driver = [sys.executable, options.shared / "peers/browser.py", browser]
    answers = {page: [] for page in pages}
    for _ in range(options.rounds):
        lines = subprocess.check_output([*driver, *(base + page for page in pages.values())], text=True).splitlines()
        for page, line in zip(pages, lines, strict=True):
            answers[page].append(json.loads(line)["result"])
    server.shutdown()
    report = {}
    for name in names:
        median = lambda what, key="median_ms": statistics.median(answer[key] for answer in answers[name, what])
        ort = median("ort_web")
        report[name] = {"ort_web_ms": ort}
        for module in MODULES:
            ours = median(module)
            report[name][module] = {"ours_ms": ours, "ratio": ours / ort, "load_ms": median(module, "load_ms"),
                                    "memory_bytes": median(module, "memory_bytes")}
    return report


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--network", type=Path, required=True, help="the bench program `network`")
    parser.add_argument("--widget", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=NETWORKS)
    options = parser.parse_args()
    if not options.shared.exists():
        sys.exit(f"skipped: {options.shared} is not there")
    options.work.mkdir(parents=True, exist_ok=True)
    report = {"onnxruntime": onnxruntime.__version__, "onnxruntime_web": ORT_WEB, "native": {}}
    for name, arguments in NETWORKS.items():
        if options.only not in (None, name):
            continue
        path = options.work / f"{name}.onnx"
        if not path.exists():
            subprocess.run([sys.executable, options.shared / "peers/vgg16_random.py", path, *arguments], check=True)
        report["native"][name] = side_by_side(path, options)
        print(json.dumps({name: report["native"][name]}), flush=True)
    if shutil.which("chromedriver") and shutil.which("npm"):
        report["wasm"] = {"chromium": in_browser(list(report["native"]), options)}
        print(json.dumps(report["wasm"]), flush=True)
    else:
        print("skipped in the browser: there is no chromedriver or no npm")
    (options.work / "bench.json").write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
