"""What the dial from style to colour trades, as JSON by its weight: `colour.py --program PRECOMPUTE --shared SHARED --sample DIR --work DIR`.

Of the five nearest by cosine: the share that has the same label (../shared/catalog, photos of the same person left out,
macro average over labels), and the share that has the same pattern and the same colour (the drawn sample catalogue). And
how often a photo that was cropped to 70 % of its sides and saved as JPEG of quality 40 finds its original first, and within five.
"""

import argparse
import csv
import json
import subprocess
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

WEIGHTS = (0.0, 0.1, 0.25, 0.5, 1.0)
NEAREST = 5
EVERY = {"real": 10, "drawn": 3}  # which products ask


def rows_of(path, key="id"):
    with open(path, encoding="utf-8") as file:
        return {row[key]: row for row in csv.DictReader(file)}


def ask(program, folder, weight, *question):
    command = [program, "query", folder, "--colour", weight, "--metric", "cosine", "--json", *question]
    answer = json.loads(subprocess.check_output([str(part) for part in command], stderr=subprocess.DEVNULL))
    return [near["id"] for near in answer["neighbours"]]


def share(values):
    return round(sum(values) / len(values), 3)


def alike(rows, asked, found, column):
    return [sum(rows[near][column] == rows[item][column] for near in near_ones) / NEAREST for item, near_ones in zip(asked, found)]


def main():
    parser = argparse.ArgumentParser()
    for name in ("program", "shared", "sample", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    catalogue, drawn = options.shared / "catalog", rows_of(options.sample / "items.csv")
    real = rows_of(catalogue / "items.csv")
    folders = {"real": options.work / "real", "drawn": options.work / "drawn"}
    for name, photos in (("real", catalogue / "images"), ("drawn", options.sample / "photos")):
        command = [options.program, "build", photos, "--out", folders[name], "--no-thumbnails"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    asked, asked_drawn = sorted(real)[:: EVERY["real"]], sorted(drawn)[:: EVERY["drawn"]]
    of_person = defaultdict(list)
    for item, row in real.items():
        of_person[row["group"]].append(item)
    cropped = {}
    for item in asked:
        picture = Image.open(catalogue / "images" / f"{item}.jpg").convert("RGB")
        width, height = picture.size
        part = picture.crop((round(0.15 * width), round(0.15 * height), round(0.85 * width), round(0.85 * height)))
        cropped[item] = options.work / f"{item}.jpg"
        part.save(cropped[item], quality=40)
    report = {}
    with ThreadPoolExecutor(2) as pool:
        for weight in WEIGHTS:
            in_real = lambda *question: ask(options.program, folders["real"], weight, *question)

            def others(item):
                own = [other for other in of_person[real[item]["group"]] if other != item]
                return in_real("--item", item, "-k", NEAREST, *(word for other in own for word in ("--exclude", other)))

            of_label = defaultdict(list)
            for item, same in zip(asked, alike(real, asked, list(pool.map(others, asked)), "label")):
                of_label[real[item]["label"]].append(same)
            copies = list(pool.map(lambda item: in_real("--photo", cropped[item], "-k", NEAREST), asked))
            in_drawn = lambda item: ask(options.program, folders["drawn"], weight, "--item", item, "-k", NEAREST)
            of_drawn = list(pool.map(in_drawn, asked_drawn))
            report[weight] = {
                "label": share([sum(shares) / len(shares) for shares in of_label.values()]),
                "pattern": share(alike(drawn, asked_drawn, of_drawn, "pattern")),
                "colour": share(alike(drawn, asked_drawn, of_drawn, "colour")),
                "copy_first": share([near[0] == item for item, near in zip(asked, copies)]),
                "copy_in_five": share([item in near for item, near in zip(asked, copies)]),
            }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
