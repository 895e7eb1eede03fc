"""How often a photo finds its product by its other photos: `python several_photos.py --shared SHARED --program PRECOMPUTE --out FOLDER`.

Each photo of SHARED/pairs whose product has others is asked for, itself left out, among all products: by one other photo of each, by the
nearest of all others, and by their mean (of unit length). Adapted, colour 0, cosine. Prints JSON: recall@1 and @5.
"""

import argparse
import csv
import json
import os
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np


def photos(shared, folder):
    """Links to the photos as `build` takes several of one product: PRODUCT/NUMBER.jpg."""
    numbers = Counter()
    with open(shared / "pairs/items.csv", newline="") as file:
        for row in csv.DictReader(file):
            product = f"{row['sku']}_{row['colour']}".replace("/", "-")
            numbers[product] += 1
            place = folder / product / f"{numbers[product]}.jpg"
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists():
                os.symlink((shared / f"pairs/images/{row['id']}.jpg").resolve(), place)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    photos(options.shared, options.out / "photos")
    folder, vectors = options.out / "folder", options.out / "vectors.npy"
    every = ["--photos-per-product", "32", "--no-thumbnails"]
    subprocess.run([options.program, "build", options.out / "photos", "--out", folder, *every], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([options.program, "export", folder, "--npy", vectors], check=True)
    rows, ids = unit(np.load(vectors)), np.array((options.out / "vectors.ids.txt").read_text().splitlines())
    members = {product: np.flatnonzero(ids == product) for product in np.unique(ids)}
    ways = {
        "one": lambda query, others: rows[others[0]] @ query,
        "nearest": lambda query, others: (rows[others] @ query).max(),
        "mean": lambda query, others: unit(rows[others].mean(0)) @ query,
    }
    found = {way: {1: 0, 5: 0} for way in ways}
    queries = [item for own in members.values() if len(own) > 1 for item in own]
    for item in queries:
        rest = {product: own[own != item] for product, own in members.items()}
        products = [product for product, others in rest.items() if len(others)]
        for way, likeness in ways.items():
            order = np.argsort([-likeness(rows[item], rest[product]) for product in products], kind="stable")
            for depth in found[way]:
                found[way][depth] += ids[item] in [products[place] for place in order[:depth]]
    shares = {way: {f"recall@{depth}": round(count / len(queries), 4) for depth, count in counts.items()} for way, counts in found.items()}
    print(json.dumps({"photos": len(ids), "products": len(members), "queries": len(queries), **shares}))


if __name__ == "__main__":
    main()
