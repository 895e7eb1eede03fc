"""Drawn garments that carry prints, so that what is printed counts and not only the cut.

Outlines are polygons on a 100 x 100 cloth, filled with a pattern in two colours, shaded with folds, with one of the
prints on the chest. Every garment is drawn with alpha: the background is chosen anew in every view. These share
nothing with `precompute sample`, which stays unseen.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

OVERSAMPLING = 3
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
PATTERNS = ("plain", "plain", "plain", "across", "down", "dots", "checks", "fade", "blotches", "flecks", "scattered")


def colour(random):
    """A cloth's colour: half of them muted, some near black and white."""
    hue, saturation, value = random.random(), random.random() ** 0.7, random.uniform(0.12, 1)
    if random.random() < 0.25:
        saturation *= 0.12
    k = (np.array([5.0, 3.0, 1.0]) + hue * 6) % 6
    return 255 * (value - value * saturation * np.clip(np.minimum(k, 4 - k), 0, 1))


def smooth_noise(random, size, cells):
    grid = Image.fromarray((random.random((cells, cells)) * 255).astype(np.uint8))
    return np.asarray(grid.resize((size, size), Image.BICUBIC), np.float32) / 255


def cloth(random, pattern, size, first, second, prints):
    """The pattern, f32 `[size, size, 3]`."""
    y, x = np.mgrid[0:size, 0:size] / size
    period = random.uniform(0.04, 0.14)
    if pattern == "across":
        share = (y / period % 1) < random.uniform(0.25, 0.6)
    elif pattern == "down":
        share = (x / period % 1) < random.uniform(0.15, 0.6)
    elif pattern == "dots":
        offset = (np.floor(y / period) % 2) * 0.5
        share = np.hypot((x / period + offset) % 1 - 0.5, y / period % 1 - 0.5) < random.uniform(0.18, 0.38)
    elif pattern == "checks":
        share = (((x / period % 1) < 0.5) * 0.5 + ((y / period % 1) < 0.5) * 0.5)
    elif pattern == "fade":
        share = np.clip((y - 0.1) / 0.8, 0, 1)
    elif pattern == "blotches":
        share = smooth_noise(random, size, int(random.integers(8, 20))) > random.uniform(0.45, 0.6)
    elif pattern == "flecks":
        share = smooth_noise(random, size, size // 4) > random.uniform(0.6, 0.75)
    else:
        share = np.zeros((size, size))
    picture = first + (second - first) * np.asarray(share, np.float32)[..., None]
    if pattern == "scattered":
        tile = Image.fromarray(prints[random.integers(len(prints))])
        side = int(size * random.uniform(0.08, 0.16))
        tile = tile.resize((side, side), Image.BILINEAR)
        canvas = Image.fromarray(picture.astype(np.uint8))
        for row, top in enumerate(range(0, size, int(side * 1.5))):
            for left in range(-(row % 2) * side * 3 // 4, size, int(side * 1.5)):
                canvas.paste(tile, (left, top), tile)
        picture = np.asarray(canvas, np.float32)
    return picture


def garment(random, kind, pattern, printed, prints, side):
    """RGBA bytes `[side, side, 4]`; `printed` is the number of a print, or -1."""
    size = side * OVERSAMPLING
    outline = OUTLINES[kind][random.integers(len(OUTLINES[kind]))]
    jitter = {x: random.normal(0, 1.2) for x, _ in outline}
    points = [((x + jitter.get(x, 0)) * size / 100, y * size / 100) for x, y in outline]
    mask = Image.new("L", (size, size))
    ImageDraw.Draw(mask).polygon(points, fill=255)
    mask = mask.filter(ImageFilter.GaussianBlur(size / 90)).point(lambda v: 255 if v > 127 else 0)
    picture = cloth(random, pattern, size, colour(random), colour(random), prints)
    if printed >= 0:
        width = int(size * random.uniform(0.2, 0.42))
        drawing = Image.fromarray(prints[printed]).resize((width, width), Image.BICUBIC)
        canvas = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
        left = (size - width) // 2 + int(random.normal(0, size * 0.015))
        canvas.paste(drawing, (left, int(size * random.uniform(0.3, 0.42))), drawing)
        picture = np.asarray(canvas, np.float32)
    folds = smooth_noise(random, size, 6) * 0.6 + smooth_noise(random, size, 14) * 0.4
    edge = np.asarray(mask.filter(ImageFilter.GaussianBlur(size / 30)), np.float32) / 255
    light = (0.78 + 0.3 * folds) * (0.75 + 0.25 * edge)
    rgb = (picture * light[..., None]).clip(0, 255).astype(np.uint8)
    rgba = Image.fromarray(np.dstack([rgb, np.asarray(mask)]), "RGBA")
    return np.asarray(rgba.resize((side, side), Image.BOX))


def garments(count, prints, side, seed):
    """RGBA `[count, side, side, 4]`, kinds, patterns and numbers of prints (-1: none).

    A print is on about three garments.
    """
    pictures, kinds, patterns, printed = [], [], [], []
    for number in range(count):
        random = np.random.default_rng([seed, number])
        kind = list(OUTLINES)[random.integers(len(OUTLINES))] if random.random() < 0.5 else "T-Shirt"
        pattern = PATTERNS[random.integers(len(PATTERNS))]
        chest = kind not in ("Pants", "Shorts") and pattern != "scattered" and random.random() < 0.75
        drawing = int(random.integers(max(1, count // 4))) * PRINT_STRIDE % len(prints) if chest else -1
        pictures.append(garment(random, kind, pattern, drawing, prints, side))
        kinds.append(kind)
        patterns.append(pattern)
        printed.append(drawing)
    return np.stack(pictures), kinds, patterns, np.array(printed)
