"""Figures of the network and its peers, raw and adapted: `python figures.py --shared SHARED --network NETWORK.onnx --split report`.

Splits: `choose` was looked at while choosing, `report` only afterwards. Prints one JSON object a network:
same product (recall@5, ../shared/pairs, which is for choosing in both), kinds (macro precision@5, other photographers only), meaning (precision@5
of clip-art categories printed on shirts), styles (recall@5 of a thing among 400 by another artist's drawing on another shirt).
"""

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

import network
import photos
import prints
from train import unit

CATEGORIES, DRAWINGS_EACH, THINGS = 22, 14, 400
MOST_AXES, MOST_AXES_TOGETHER = 256, 512


def embed(session, pictures):
    read = session.get_inputs()[0]
    made = [session.run(["features"], {read.name: network.inputs([picture], read.shape[2]).numpy()}) for picture in pictures]
    return np.stack([features.ravel() for features, *_ in made])


def histogram(pictures):
    """Square root of the 64-bin RGB histogram."""

    def one(picture):
        levels = np.asarray(picture).reshape(-1, 3) // 64 @ np.array([16, 4, 1])
        return np.sqrt(np.bincount(levels, minlength=64) / len(levels))

    return np.stack([one(picture) for picture in pictures])


def adaptation(rows, components, adapted):
    """A function from embeddings to the vectors that distances are measured on, fitted to `rows` (src/embedding/fit.rs)."""

    def scaled(rows, component):
        """Of unit length, or as long as the part of its full length that it has."""
        full = component.full_length
        return unit(rows) if full is None else rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), full)

    parts, start = [], 0
    wanted = [min(component.dims, MOST_AXES) for component in components]
    share = min(1, MOST_AXES_TOGETHER / sum(wanted))
    for component, axes in zip(components, wanted):
        own = scaled(rows[:, start : start + component.dims], component)
        mean = own.mean(0) if component.full_length is None else np.zeros(component.dims)
        _, sizes, directions = np.linalg.svd(own - mean, full_matrices=False)
        count = min(int(axes * share), len(rows) - 1, int((sizes**2 > 1e-6 * sizes[0] ** 2).sum()))
        axes = directions[:count] / np.sqrt(sizes[:count, None] / np.sqrt(len(rows)))
        parts.append((slice(start, start + component.dims), component, mean, axes))
        start += component.dims

    def one(rows, component, mean, axes):
        own = scaled(rows, component)
        if not adapted:
            return component.weight * own
        length = 1 if component.full_length is None else np.linalg.norm(own, axis=1, keepdims=True)
        return component.weight * length * unit((own - mean) @ axes.T)

    def apply(rows):
        return unit(np.concatenate([one(rows[:, part], *of) for part, *of in parts], 1))

    return apply


def nearest(vectors, apart, depth=5):
    likeness = vectors @ vectors.T
    likeness[apart] = -9
    return np.argsort(-likeness, 1, kind="stable")[:, :depth]


def precision(vectors, labels, apart):
    alike = (labels[nearest(vectors, apart)] == labels[:, None]).mean(1)
    return float(np.mean([alike[labels == label].mean() for label in np.unique(labels)]))


def pictures(shared, split):
    random = np.random.default_rng([21, split])
    paths, kinds, fifths, tops = prints.shirts(shared)
    fifth = prints.CHOOSE_FIFTH if split == prints.CHOOSE else prints.REPORT_FIFTH
    shirts = tops[fifths[tops] == fifth]
    shirt = lambda: Image.open(paths[random.choice(shirts)]).convert("RGB")
    drawing = lambda path: Image.open(path).convert("RGBA")
    drawings, eighths = prints.things(shared)
    several = [n for n, styles in enumerate(drawings) if len(styles) > 1]
    asked = [n for n in several if eighths[n] == split]
    others = [n for n in several if eighths[n] not in (prints.CHOOSE, prints.REPORT)]
    random.shuffle(others)
    gallery, queries = [], []
    for place, thing in enumerate([*asked, *others][:THINGS]):
        a, b = random.choice(sorted(drawings[thing]), 2, replace=False)
        gallery.append(prints.printed(shirt(), drawing(drawings[thing][a]), random))
        if place < len(asked):
            queries.append(prints.printed(shirt(), drawing(drawings[thing][b]), random))
    library = prints.clipart(shared)
    largest = [category for category, _ in Counter(category for _, category, _ in library).most_common(CATEGORIES)]
    order, meaning, categories = list(random.permutation(shirts)), [], []
    for category in largest:
        own = [path for path, of, part in library if of == category and part == split][:DRAWINGS_EACH]
        for path in own:
            meaning.append(prints.printed(Image.open(paths[order.pop()]).convert("RGB"), drawing(path), random))
            categories.append(category)
    pairs = photos.rows(f"{shared}/pairs/items.csv")
    numbers = np.flatnonzero(fifths == fifth)
    groups = np.array([row["group"] for row in photos.rows(f"{shared}/catalog/items.csv")])
    return {
        "pairs": [Image.open(f"{shared}/pairs/images/{row['id']}.jpg").convert("RGB") for row in pairs],
        "clothes": [Image.open(paths[n]).convert("RGB") for n in numbers],
        "gallery": gallery, "queries": queries, "meaning": meaning,
    }, {
        "pairs": np.array([f"{row['sku']}|{row['colour']}" for row in pairs]),
        "kinds": np.array(kinds)[numbers], "groups": groups[numbers], "categories": np.array(categories),
    }


def figures(rows, known, components, adapted):
    of = lambda name: adaptation(rows[name], components, adapted)(rows[name])
    own = lambda count: np.eye(count, dtype=bool)
    keys = known["pairs"]
    partners = (keys[:, None] == keys[None]).sum(1) > 1
    found = (keys[nearest(of("pairs"), own(len(keys)))] == keys[:, None]).any(1)
    apply = adaptation(rows["gallery"], components, adapted)
    order = np.argsort(-(apply(rows["queries"]) @ apply(rows["gallery"]).T), 1)[:, :5]
    return {
        "same_product": float(found[partners].mean()),
        "kinds": precision(of("clothes"), known["kinds"], known["groups"][:, None] == known["groups"][None]),
        "meaning": precision(of("meaning"), known["categories"], own(len(rows["meaning"]))),
        "styles": float((order == np.arange(len(order))[:, None]).any(1).mean()),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--network", type=Path, required=True)
    parser.add_argument("--only", nargs="*", help="these networks of histogram, mobilenetv2, resnet50, slim")
    parser.add_argument("--split", choices=("choose", "report"), default="report")
    options = parser.parse_args()
    sets, known = pictures(options.shared, prints.CHOOSE if options.split == "choose" else prints.REPORT)
    own = list(network.COMPONENTS.values())
    peers = {"histogram": None, "mobilenetv2": options.shared / "models/mobilenetv2.onnx", "resnet50": options.shared / "models/resnet50.onnx"}
    for name, path in {**peers, "slim": options.network}.items():
        if options.only and name not in options.only:
            continue
        settings = onnxruntime.SessionOptions()
        settings.add_session_config_entry("session.disable_quant_qdq", "1")
        make = histogram if path is None else lambda own, session=onnxruntime.InferenceSession(path, settings): embed(session, own)
        rows = {part: make(photos) for part, photos in sets.items()}
        components = own if name == "slim" else [network.Component(rows["pairs"].shape[1], 1.0)]
        for adapted in (False, True):
            print(json.dumps({"network": name, "adapted": adapted, "split": options.split, **figures(rows, known, components, adapted)}), flush=True)


if __name__ == "__main__":
    main()
