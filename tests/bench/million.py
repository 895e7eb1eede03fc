"""A million products: what a build of them takes, what is in its folder, and what a query finds and reads.

The products are disturbed copies of the real ones of ../shared/catalog, embedded by the default network: each a mixture
of a real embedding and one of its 30 nearest (up to 80 % of that), with the difference of two others near it added to a
random part (up to 80 %), so that copies differ as near photos do and not in directions in which no photo differs; what
falls below 0 is 0 if the network leaves nothing below. They are put into the program's own cache of embeddings under the digests
of as many little files, so that `precompute build` runs as a shop would run it after its photos are embedded. Queries
are products themselves, each left out of its answer.

usage: million.py --program PRECOMPUTE --shared SHARED --work DIR [--items N] [--sample N] [--jobs N]
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import page

NEAR = 30
CHUNK = 10_000
ASKED = 24  # products, in a browser


HEADER = 44  # bytes of the cache's header, of which 8 to 12 are the embeddings' dimensions


def record(dims):
    """As precompute/src/indexing/cache.rs and record_log.rs write it."""
    return np.dtype([("digest", "u1", 32), ("size", "<u4", 2), ("colours", "u1", 24), ("embedding", "<f4", dims), ("check", "u1", 8)])


def run(program, *arguments):
    started = time.monotonic()
    done = subprocess.run([program, *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout), time.monotonic() - started


def real(program, shared, work):
    """The records of the real products in order of their digests, and the header of their file."""
    run(program, "build", shared / "catalog/images", "--out", work / "real", "--no-thumbnails", "--json")
    (path,) = (work / "real.cache").glob("embeddings-*.bin")
    content = path.read_bytes()
    dims = int.from_bytes(content[8:12], "little")
    records = np.frombuffer(content[HEADER:], record(dims))
    order = sorted(range(len(records)), key=lambda at: records["digest"][at].tobytes())
    return records[order], content[:HEADER], path.name


def neighbours(embeddings):
    """The numbers of the nearest of each by cosine, nearest first."""
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    near = []
    for rows in np.array_split(unit, 16):
        products = rows @ unit.T
        part = np.argpartition(-products, NEAR + 1, axis=1)[:, : NEAR + 1]
        order = np.argsort(-np.take_along_axis(products, part, axis=1), axis=1)
        near.append(np.take_along_axis(part, order, axis=1)[:, 1:])
    return np.concatenate(near)


def disturbed(embeddings, near, numbers, random):
    count = len(numbers)
    own = numbers % len(embeddings)
    some = lambda of: near[of, random.integers(0, NEAR, count)]
    other, one, two = some(own), some(own), some(own)
    part = random.uniform(0, 0.8, (count, 1)).astype("f4")
    noise = random.uniform(0, 0.8, (count, 1)).astype("f4")
    mixed = (1 - part) * embeddings[own] + part * embeddings[other]
    least = 0 if embeddings.min() >= 0 else -np.inf
    return own, np.maximum(mixed + noise * (embeddings[one] - embeddings[two]), least)


BRANDS, COLOURS, SIZES = 400, "black white grey navy red green yellow pink brown beige".split(), "XS S M L XL".split()


def write_table(work, items):
    """What a shop knows of its products: five columns to filter by, of one value a product but for the sizes."""
    random = np.random.default_rng(8)
    path = work / "items.csv"
    if path.is_file():
        return path
    with open(path, "w") as file:
        file.write("id,title,price,brand,colour,sizes,stock\n")
        for start in range(0, items, CHUNK):
            count = min(CHUNK, items - start)
            prices, stock = random.integers(500, 20_000, count), np.maximum(random.integers(-20, 50, count), 0)
            brands, colours = random.integers(0, BRANDS, count), random.integers(0, len(COLOURS), count)
            sizes = random.integers(1, 2 ** len(SIZES), count)
            for at in range(count):
                number, colour = start + at, COLOURS[colours[at]]
                of_it = "|".join(size for bit, size in enumerate(SIZES) if sizes[at] >> bit & 1)
                file.write(f"p{number:07},Tee {number} in {colour},{prices[at] / 100:.2f},Brand {brands[at]},{colour},{of_it},{stock[at]}\n")
    return path


def write(records, header, name, work, items):
    """The little files, and the cache that has an embedding of each."""
    photos, cache = work / "photos", work / "million.cache"
    cache.mkdir(parents=True, exist_ok=True)
    near = neighbours(records["embedding"])
    random = np.random.default_rng(7)
    with open(cache / name, "wb") as file:
        file.write(header)
        for start in range(0, items, CHUNK):
            numbers = np.arange(start, min(start + CHUNK, items))
            own, embeddings = disturbed(records["embedding"], near, numbers, random)
            made = records[own].copy()
            made["embedding"] = embeddings
            folder = photos / f"{start // CHUNK:03}"
            folder.mkdir(parents=True, exist_ok=True)
            for at, number in enumerate(numbers):
                content = b"%d" % number
                (folder / f"p{number:07}.jpg").write_bytes(content)
                made["digest"][at] = np.frombuffer(hashlib.sha256(content).digest(), "u1")
            for at, content in enumerate(made.view("u1").reshape(len(made), -1)[:, :-8]):
                made["check"][at] = np.frombuffer(hashlib.sha256(header + content.tobytes()).digest()[:8], "u1")
            file.write(made.tobytes())
    return photos


def in_browser(folder, items, options):
    """What queries about some of the products take in Chromium, and what it loads for them."""
    site = options.work / "site"
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir()
    (site / "folder").symlink_to(folder.resolve())
    shutil.copy(Path(__file__).with_name("million.html"), site)
    ids = ",".join(f"p{number:07}" for number in range(0, items, items // ASKED))
    with page.served(site, page.Counting) as base:
        (answer,) = page.answers("chromium", [f"{base}million.html?ids={ids}"], options.shared)
    return {"browser": answer["version"], **answer["result"]}


def holds(folder):
    sizes = {}
    for path in folder.rglob("*"):
        if path.is_file():
            sizes[path.relative_to(folder).as_posix()] = path.stat().st_size
    kinds = {}
    for name, size in sizes.items():
        first, _, within = name.partition("/")
        part = first.split("-")[0] + (f", {within.split('-')[0]}" if first.startswith("partitions-") else ", a file a partition" if within and first.startswith(("colours-", "attributes-")) else "")
        kind = kinds.setdefault(part, {"files": 0, "bytes": 0, "largest": 0})
        kind["files"] += 1
        kind["bytes"] += size
        kind["largest"] = max(kind["largest"], size)
    largest = max(sizes, key=sizes.get)
    return {"files": len(sizes), "bytes": sum(sizes.values()), "largest": [largest, sizes[largest]], "kinds": kinds}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    records, header, name = real(options.program, options.shared, options.work)
    photos = options.work / "photos"
    cache = options.work / "million.cache" / name
    whole = HEADER + options.items * records.dtype.itemsize
    if not cache.is_file() or cache.stat().st_size != whole:
        write(records, header, name, options.work, options.items)
    out = options.work / "million"
    build = ["build", photos, "--items", write_table(options.work, options.items), "--out", out, "--no-thumbnails", "--jobs", options.jobs, "--json"]
    report, seconds = run(options.program, *build)
    _, again = run(options.program, *build)
    found, _ = run(options.program, "eval", out, "--sample", options.sample, "--json")
    in_chromium = None
    if shutil.which("chromedriver"):
        in_chromium = in_browser(out, report["items"], options)
    else:
        print("skipped in Chromium: there is no chromedriver", file=sys.stderr)
    print(json.dumps({
        "items": report["items"],
        "build": {
            "seconds": round(seconds, 1),
            "seconds_where_nothing_changed": round(again, 1),
            "peak_memory_bytes": report.get("peak_memory_bytes"),
            "jobs": options.jobs,
            "partitions": report.get("partitions"),
            "neighbours_recall": report.get("neighbours_recall"),
            "look_the_same": sum(map(len, report["duplicates"])),
            "bytes": report["bytes"],
        },
        "queries": found,
        "in_chromium": in_chromium,
        "folder": holds(out),
    }, indent=1))


if __name__ == "__main__":
    main()
