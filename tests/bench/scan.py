"""How long one query takes over 11,556 codes, beside exact and quantised search by FAISS and usearch: one thread each, in turns. The least
of many times stands beside their median, since it is what an idle machine takes."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import faiss
import numpy as np
from usearch.index import Index, MetricKind, search

import page

ITEMS = 11_556  # a shop of T-shirts
LIMIT = 20
QUERIES = 40
ROUNDS = 5
METRICS = ("cosine", "euclidean", "manhattan")
OURS = ("cargo", "bench", "--quiet", "--locked", "--workspace", "--bench", "scan", "--")


def shop(options):
    """A folder of as many products, each of the catalogue's photos under several ids, and its embeddings."""
    folder, npy = options.work / "scan", options.work / "scan.npy"
    if not npy.exists():
        photos = options.work / "scan.photos"
        shutil.rmtree(photos, ignore_errors=True)
        photos.mkdir()
        originals = sorted((options.shared / "catalog/images").resolve().glob("*.jpg"))
        for item in range(ITEMS):
            original = originals[item % len(originals)]
            os.symlink(original, photos / f"{original.stem}-{item // len(originals)}.jpg")
        subprocess.run([options.program, "build", photos, "--out", folder, "--no-thumbnails"], check=True)
        subprocess.run([options.program, "export", folder, "--npy", npy], check=True)
    return folder, np.load(npy)


def in_browser(folder, queries, options):
    """Milliseconds by metric in Chromium."""
    site = options.work / "site"
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir()
    shutil.copytree(options.widget, site / "widget")
    shutil.copytree(folder, site / "folder", ignore=shutil.ignore_patterns("cards-*", "neighbours-*"))
    shutil.copy(Path(__file__).with_name("scan.html"), site)
    queries.tofile(site / "queries.f32")
    with page.served(site) as base:
        address = f"{base}scan.html?folder=folder&queries=queries.f32&dims={queries.shape[1]}&limit={LIMIT}"
        (answer,) = page.answers("chromium", [address], options.shared)
    return {"browser": answer["version"], **answer["result"]}


def times(run, queries):
    """Milliseconds of each query alone."""
    run(queries[:1])
    ms = []
    for at in range(len(queries)):
        started = time.perf_counter()
        run(queries[at : at + 1])
        ms.append((time.perf_counter() - started) * 1e3)
    return ms


def peers(vectors):
    """By name, what searches for the `LIMIT` nearest by cosine."""
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    quantised = faiss.index_factory(vectors.shape[1], "PQ128np", faiss.METRIC_INNER_PRODUCT)
    quantised.train(vectors)
    quantised.add(vectors)
    graph = Index(ndim=vectors.shape[1], metric=MetricKind.Cos, dtype="f32")
    graph.add(np.arange(len(vectors)), vectors, threads=1)
    return {
        "FAISS IndexFlat": lambda query: flat.search(query, LIMIT),
        "FAISS IndexPQ, 128 bytes": lambda query: quantised.search(query, LIMIT),
        "usearch, exact": lambda query: search(vectors, query, LIMIT, MetricKind.Cos, exact=True, threads=1),
        "usearch, HNSW": lambda query: graph.search(query, LIMIT, threads=1),
    }


def measure(options):
    """Milliseconds of one query, ours by metric and the peers' by cosine, and ours as a share of theirs."""
    folder, vectors = shop(options)
    vectors = np.ascontiguousarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    queries = np.ascontiguousarray(vectors[:: len(vectors) // QUERIES][:QUERIES])
    file = options.work / "queries.f32"
    queries.tofile(file)
    faiss.omp_set_num_threads(1)
    rivals = peers(vectors)
    ours, theirs = {metric: [] for metric in METRICS}, {name: [] for name in rivals}
    for _ in range(ROUNDS):
        command = [*OURS, folder.resolve(), file.resolve(), LIMIT, 1]
        report = json.loads(subprocess.check_output([str(part) for part in command]))
        for metric in METRICS:
            ours[metric] += report[metric]
        for name, run in rivals.items():
            theirs[name] += times(run, queries)
    ours, theirs = ({name: {"median": statistics.median(ms), "least": min(ms)} for name, ms in side.items()} for side in (ours, theirs))
    share = {name: {kind: ours["cosine"][kind] / ms[kind] for kind in ms} for name, ms in theirs.items()}
    report = {"items": len(vectors), "limit": LIMIT, "native_ms": ours, "peers_ms": theirs, "cosine_share": share}
    if shutil.which("chromedriver"):
        report["chromium_ms"] = in_browser(folder, queries, options)
    else:
        print("skipped in Chromium: there is no chromedriver", file=sys.stderr)
    return report
