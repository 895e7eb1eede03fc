"""Ten products and their five nearest, before and after: `python sheet.py --before A.npy --after B.npy --photos PHOTOS --out SHEET.jpg`.

The two are what `precompute export` wrote of folders built from the same photos by two networks (or two versions of the program).
Queries are drawn at random by `--seed`, not picked.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

HEIGHT, GAP, LABEL = 110, 6, 18


def nearest(path, count):
    """`{id: [ids of the nearest by cosine]}` of an export."""
    rows = np.load(path)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    ids = path.with_suffix(".ids.txt").read_text(encoding="utf-8").split("\n")[: len(rows)]
    likeness = rows @ rows.T
    np.fill_diagonal(likeness, -9)
    return {own: [ids[other] for other in np.argsort(-line, kind="stable")[:count]] for own, line in zip(ids, likeness)}


def thumbnail(photos, name):
    picture = Image.open(next(photos.glob(f"{name}.*"))).convert("RGB")
    width = round(picture.width * HEIGHT / picture.height)
    square = Image.new("RGB", (HEIGHT, HEIGHT), "white")
    picture = picture.resize((width, HEIGHT), Image.LANCZOS) if width <= HEIGHT else picture.resize((HEIGHT, round(picture.height * HEIGHT / picture.width)), Image.LANCZOS)
    square.paste(picture, ((HEIGHT - picture.width) // 2, (HEIGHT - picture.height) // 2))
    return square


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, required=True)
    parser.add_argument("--after", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--queries", type=int, default=10)
    options = parser.parse_args()
    before, after = nearest(options.before, 5), nearest(options.after, 5)
    queries = np.random.default_rng(options.seed).choice(sorted(before), options.queries, replace=False)
    cell = HEIGHT + GAP
    sheet = Image.new("RGB", (11 * cell + 5 * GAP, LABEL + options.queries * cell + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for text, column in (("query", 0), ("before", 1), ("after", 6)):
        draw.text((GAP + column * cell + (column > 0) * GAP + (column > 5) * 2 * GAP, 3), text, fill="black")
    for row, query in enumerate(queries):
        y = LABEL + row * cell
        for column, name in enumerate([query, *before[query], *after[query]]):
            x = GAP + column * cell + (column > 0) * GAP + (column > 5) * 2 * GAP
            sheet.paste(thumbnail(options.photos, name), (x, y))
    sheet.save(options.out, quality=85)


if __name__ == "__main__":
    main()
