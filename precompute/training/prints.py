"""Drawings printed on real shirts, and which drawings and shirts are for training, choosing and reporting."""

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

import photos

STYLES = ("emojitwo", "noto", "twemoji", "fxemoji")
TOPS = {"T-Shirt", "Longsleeve", "Hoodie", "Undershirt", "Polo", "Top"}
# Eighths of code points and of clip-art names, and fifths of photographers: the rest is for training.
CHOOSE, REPORT = 0, 1
CHOOSE_FIFTH, REPORT_FIFTH = 1, 0


def eighth(name):
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 8


def things(shared):
    """`{style: path}` and the eighth of each emoji."""
    root = Path(shared) / "train"
    rows = photos.rows(root / "emoji.csv")
    drawings = [{style: root / row[style] for style in STYLES if row[style]} for row in rows]
    return drawings, np.array([eighth(row["codepoints"]) for row in rows])


def clipart(shared):
    """Path, category and eighth of each drawing of the clip-art library."""
    root = Path(shared) / "train"
    return [(root / row["file"], row["category"], eighth(row["name"])) for row in photos.rows(root / "clipart.csv")]


def shirts(shared):
    """Paths, kinds and fifths of all photos of clothes, and the numbers of those that can be printed on."""
    paths, kinds, groups, _ = photos.catalogue(shared)
    return paths, kinds, photos.fifths(groups), np.flatnonzero([kind in TOPS for kind in kinds])


def printed(shirt, drawing, random):
    """The photo `shirt` with `drawing` (RGBA) on its chest: any size and place, and the light of the cloth shows through."""
    shirt = shirt.copy()
    width, height = shirt.size
    scale = random.uniform(0.16, 0.42) * min(width, height) / max(drawing.size)
    size = (max(4, int(drawing.width * scale)), max(4, int(drawing.height * scale)))
    drawing = drawing.resize(size, Image.LANCZOS).rotate(random.uniform(-14, 14), expand=True, resample=Image.BICUBIC)
    x = int(width * random.uniform(0.40, 0.60) - drawing.width / 2)
    y = int(height * random.uniform(0.34, 0.56) - drawing.height / 2)
    x, y = max(0, min(width - drawing.width, x)), max(0, min(height - drawing.height, y))
    under = np.asarray(shirt.crop((x, y, x + drawing.width, y + drawing.height)), np.float32)
    ink = np.asarray(drawing, np.float32)
    alpha = ink[..., 3:] / 255 * random.uniform(0.82, 1)
    light = under.mean(2, keepdims=True)
    shade = np.clip((light + 8) / (np.median(light) + 8), 0.55, 1.5)
    ink = np.clip(ink[..., :3] * (1 + (shade - 1) * random.uniform(0.4, 1)) * random.uniform(0.8, 1.05), 0, 255)
    shirt.paste(Image.fromarray((under * (1 - alpha) + ink * alpha).astype(np.uint8)), (x, y))
    return shirt


def cropped(photo, random):
    """A part of the photo, so that a print is larger and elsewhere."""
    share = random.uniform(0.72, 0.95)
    width, height = int(photo.width * share), int(photo.height * share)
    x, y = int(random.uniform(0, photo.width - width)), int(random.uniform(0, (photo.height - height) * 0.8))
    return photo.crop((x, y, x + width, y + height))


def alone(drawing, margin, colour=(255, 255, 255)):
    """The drawing in the middle of a square of one colour."""
    side = int(max(drawing.size) * margin)
    square = Image.new("RGB", (side, side), colour)
    square.paste(drawing, ((side - drawing.width) // 2, (side - drawing.height) // 2), drawing)
    return square
