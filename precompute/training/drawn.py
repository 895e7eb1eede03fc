"""Drawn garments that carry prints, so that what is printed counts and not only the cut.

Outlines are polygons on a 100 x 100 cloth, filled with a fabric (`fabrics.py`), sewn (`sewing.py`), shaded with folds, with
one of the prints on the chest. Every garment is drawn with alpha: the background is chosen anew in every view. These share
nothing with `precompute sample`, which stays unseen.
"""

from functools import partial
from multiprocessing import Pool

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

import sewing
from fabrics import PATTERNS, SHARES, weave

OVERSAMPLING = 2
PRINT_STRIDE = 7  # neighbours in the list of prints are alike: take them far apart


def mirrored(*half):
    """A closed outline from its right half, top to bottom, about the middle line."""
    return [*half, *[(100 - x, y) for x, y in reversed(half)]]


TEE = mirrored((57, 12), (68, 15), (92, 32), (82, 44), (73, 38), (73, 90))
OUTLINES = {
    "T-Shirt": [TEE, mirrored((58, 14), (70, 16), (88, 38), (78, 44), (71, 37), (69, 88))],
    "Longsleeve": [mirrored((57, 10), (68, 13), (80, 30), (94, 76), (84, 80), (72, 42), (72, 90))],
    "Hoodie": [mirrored((54, 4), (64, 12), (72, 16), (84, 34), (95, 78), (84, 82), (74, 46), (75, 92))],
    "Undershirt": [mirrored((57, 12), (64, 12), (66, 30), (72, 40), (71, 90))],
    "Dress": [mirrored((57, 6), (66, 7), (70, 24), (64, 44), (82, 94)),
              mirrored((56, 6), (68, 9), (80, 24), (70, 30), (66, 46), (76, 94))],
    "Skirt": [mirrored((66, 18), (68, 26), (84, 84)), mirrored((66, 16), (72, 30), (70, 86))],
    "Shorts": [mirrored((72, 20), (82, 74), (56, 78), (50, 48))],
    "Pants": [mirrored((66, 6), (72, 30), (70, 94), (56, 94), (50, 40))],
    "Hat": [mirrored((54, 26), (72, 36), (78, 56), (94, 68), (80, 74))],
    "Bag": [mirrored((58, 10), (62, 34), (78, 34), (80, 90)), mirrored((70, 26), (84, 32), (80, 86))],
}


def garment(random, kind, pattern, printed, prints, side):
    """RGBA bytes `[side, side, 4]`; `printed` is the number of a print, or -1."""
    size = side * OVERSAMPLING
    outline = OUTLINES[kind][random.integers(len(OUTLINES[kind]))]
    jitter = {x: random.normal(0, 1.2) for x, _ in outline}
    points = [((x + jitter.get(x, 0)) * size / 100, y * size / 100) for x, y in outline]
    mask = Image.new("L", (size, size))
    ImageDraw.Draw(mask).polygon(points, fill=255)
    mask = mask.filter(ImageFilter.GaussianBlur(size / 90)).point(lambda v: 255 if v > 127 else 0)
    canvas = Image.fromarray(weave(random, pattern, size, prints).clip(0, 255).astype(np.uint8))
    sewing.lines(random, canvas, kind, outline)
    if printed >= 0:
        small = random.random() < 0.2
        width = int(size * (random.uniform(0.08, 0.16) if small else random.uniform(0.18, 0.4)))
        drawing = Image.fromarray(prints[printed]).resize((width, width), Image.BICUBIC)
        middle = random.uniform(0.55, 0.62) if small else random.normal(0.5, 0.015)
        canvas.paste(drawing, (int(size * middle) - width // 2, int(size * random.uniform(0.3, 0.4))), drawing)
    sewing.opening(random, canvas, kind)
    edge = np.asarray(mask.filter(ImageFilter.GaussianBlur(size / 30)), np.float32) / 255
    light = sewing.folds(random, size) * (1 + random.uniform(0, 0.3) * (edge - 1))
    rgb = (np.asarray(canvas, np.float32) * light[..., None]).clip(0, 255).astype(np.uint8)
    rgba = Image.fromarray(np.dstack([rgb, np.asarray(mask)]), "RGBA")
    return np.asarray(rgba.resize((side, side), Image.BOX))


def numbered(number, count, prints, side, seed):
    """Of `count` garments the one `number`: RGBA `[side, side, 4]`, its kind, pattern and number of its print (-1: none)."""
    random = np.random.default_rng([seed, number])
    kind = list(OUTLINES)[random.integers(len(OUTLINES))] if random.random() < 0.5 else "T-Shirt"
    pattern = PATTERNS[random.choice(len(PATTERNS), p=SHARES / SHARES.sum())]
    chest = kind not in ("Pants", "Shorts") and pattern != "scattered" and random.random() < 0.75
    drawing = int(random.integers(max(1, count // 4))) * PRINT_STRIDE % len(prints) if chest else -1
    return garment(random, kind, pattern, drawing, prints, side), kind, pattern, drawing


def garments(count, prints, side, seed):
    """RGBA `[count, side, side, 4]`, kinds, patterns and numbers of prints. A print is on about three garments."""
    with Pool() as pool:
        draw = partial(numbered, count=count, prints=prints, side=side, seed=seed)
        made = pool.map(draw, range(count), chunksize=count // 8 + 1)
    pictures, kinds, patterns, printed = zip(*made)
    return np.stack(pictures), list(kinds), list(patterns), np.array(printed)
