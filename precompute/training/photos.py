"""The photos to learn from: which there are, what they show, and which are held out.

Nothing here is chosen by how well it did: the split is by photographer, fixed by arithmetic.
"""

import csv
from pathlib import Path

import numpy as np

HELD_OUT_FIFTH = 0


def rows(path):
    with open(path, encoding="utf-8") as table:
        return list(csv.DictReader(table))


def fifths(groups):
    """Which fifth each photographer's photos are in: the largest first, each to the fifth that has fewest."""
    counts = {group: groups.count(group) for group in set(groups)}
    sizes, place = [0] * 5, {}
    for group in sorted(counts, key=lambda group: (-counts[group], int(group))):
        place[group] = sizes.index(min(sizes))
        sizes[place[group]] += counts[group]
    return np.array([place[group] for group in groups])


def catalogue(shared):
    """Paths, kinds of garment, photographers, and which photos are held out."""
    items = rows(Path(shared) / "catalog/items.csv")
    paths = [Path(shared) / "catalog/images" / f"{row['id']}.jpg" for row in items]
    groups = [row["group"] for row in items]
    return paths, [row["label"] for row in items], groups, fifths(groups) == HELD_OUT_FIFTH


def groceries(shared):
    """Paths, products, and which products are held out: every fifth by name."""
    items = rows(Path(shared) / "train/grocery.csv")
    paths = [Path(shared) / "train/grocery" / f"{row['id']}.jpg" for row in items]
    products = [row["class"] for row in items]
    held_out = set(sorted(set(products))[::5])
    return paths, products, np.array([product in held_out for product in products])
