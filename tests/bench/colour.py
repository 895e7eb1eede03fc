"""What the dial from style to colour trades, as JSON: `colour.py --program PRECOMPUTE --shared SHARED --work DIR`.

By `precompute eval`, cosine, adapted and not, at each weight: recall@5 of the same product and colour in another photo (../shared/pairs), and
macro precision@5 of the label (../shared/catalog, photos of the same person left out) among photographers that the default
network was not trained on, the choosing split of precompute/training.
"""

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "precompute/training"))
import photos  # noqa: E402 (the split by photographer)

WEIGHTS = "0.05,0.1,0.15,0.2,0.3,0.5"
CHOOSING_FIFTH = 1  # CHOOSE_FIFTH of prints.py, which needs more packages


def evaluated(options, name, pictures, header, rows, *arguments):
    """The lines of `eval --group` of a folder of these pictures, `{id: path}`, with a table of `rows`."""
    work = options.work / name
    (work / "photos").mkdir(parents=True, exist_ok=True)
    for own, path in pictures.items():
        if not (link := work / "photos" / f"{own}.jpg").exists():
            link.symlink_to(path.resolve())
    with open(work / "items.csv", "w", encoding="utf-8", newline="") as table:
        csv.writer(table).writerows([header, *rows])
    run = lambda *command: subprocess.check_output([str(part) for part in (options.program, *command)], stderr=subprocess.DEVNULL)
    run("build", work / "photos", "--out", work / "folder", "--no-thumbnails")
    answer = json.loads(run("eval", work / "folder", *arguments, "--colour", WEIGHTS, "--json"))
    return answer["groups"]["lines"]


def main():
    parser = argparse.ArgumentParser()
    for name in ("program", "shared", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    pairs = photos.rows(options.shared / "pairs/items.csv")
    products = evaluated(
        options, "pairs", {row["id"]: options.shared / "pairs/images" / f"{row['id']}.jpg" for row in pairs},
        ["id", "product"], [[row["id"], f"{row['sku']}|{row['colour']}"] for row in pairs],
        "--group", f"{options.work / 'pairs/items.csv'}:product",
    )
    paths, kinds, people, _ = photos.catalogue(options.shared)
    chosen = [at for at, fifth in enumerate(photos.fifths(people)) if fifth == CHOOSING_FIFTH]
    table = options.work / "clothes/items.csv"
    labels = evaluated(
        options, "clothes", {paths[at].stem: paths[at] for at in chosen},
        ["id", "label", "person"], [[paths[at].stem, kinds[at], people[at]] for at in chosen],
        "--labels", f"{table}:label", "--group", "person",
    )
    for product, label in zip(products, labels):
        print(json.dumps({
            "adapted": product["adapted"], "colour": product["colour"],
            "same_product": round(product["recall_at_5"]["cosine"], 3), "kinds": round(label["precision_at_5"]["cosine"], 3),
        }))


if __name__ == "__main__":
    main()
