"""What is on most clothes and is no pattern: seams, bands, collars, hoods, pockets, and the folds that cloth lies in."""

import numpy as np
from PIL import Image, ImageDraw

from fabrics import colour, smooth_noise

# Of half an outline: the two points a sleeve ends between, and the two its seam is between.
SLEEVES = {"T-Shirt": ((2, 3), (1, 4)), "Longsleeve": ((3, 4), (1, 5)), "Hoodie": ((4, 5), (2, 6))}
TOPS = ("T-Shirt", "Longsleeve", "Hoodie", "Undershirt", "Dress")


def tone(random, cloth):
    """A band's colour: nearly the cloth's, white, black or any."""
    kind = random.random()
    if kind < 0.5:
        return tuple(int(value) for value in cloth * random.uniform(0.8, 1))
    if kind < 0.75:
        return (240, 239, 236) if random.random() < 0.6 else (34, 34, 38)
    return tuple(int(value) for value in colour(random))


def mean(canvas):
    return np.asarray(canvas.resize((1, 1), Image.BOX), np.float32)[0, 0]


def lines(random, canvas, kind, outline):
    """Bands at hem and cuffs, sleeves of another cloth, seams; below what is printed."""
    draw, size, cloth = ImageDraw.Draw(canvas), canvas.width, mean(canvas)
    half = outline[:len(outline) // 2]
    sides = [half, [(100 - x, y) for x, y in half]]
    scaled = lambda points: [(x * size / 100, y * size / 100) for x, y in points]
    thread = tuple(int(value) for value in cloth * random.uniform(0.55, 0.85))
    thin, band = max(1, int(size * random.uniform(0.003, 0.007))), tone(random, cloth)
    if kind in SLEEVES:
        cuff, seam = SLEEVES[kind]
        other = tone(random, cloth) if random.random() < 0.15 else None
        banded, sewn = random.random() < 0.5, random.random() < 0.7
        for side in sides:
            if other:
                draw.polygon(scaled(side[seam[0]:seam[1] + 1]), fill=other)
            if banded:
                draw.line(scaled([side[cuff[0]], side[cuff[1]]]), fill=band, width=int(size * 0.07))
            if sewn:
                draw.line(scaled([side[seam[0]], side[seam[1]]]), fill=thread, width=thin)
    bottom = max(y for _, y in outline)
    if random.random() < 0.35:
        draw.rectangle(scaled([(0, bottom - random.uniform(2, 5)), (100, 100)]), fill=band)
    elif random.random() < 0.6:
        draw.line(scaled([(0, bottom - 3), (100, bottom - 3)]), fill=thread, width=thin)
    if kind == "Hoodie" and random.random() < 0.7 or random.random() < 0.08:
        pocket = [(38, 66), (62, 66), (68, 80), (32, 80), (38, 66)]
        draw.line(scaled(pocket), fill=thread, width=thin)
    if kind in TOPS and random.random() < 0.12:  # a zip or buttons
        draw.line(scaled([(50, 10), (50, bottom)]), fill=thread, width=thin * 2)


def opening(random, canvas, kind):
    """Neck and collar, or a hood, over what is printed."""
    if kind not in TOPS or random.random() < 0.15:
        return
    draw, size, cloth = ImageDraw.Draw(canvas), canvas.width, mean(canvas)
    inside = tuple(int(value) for value in cloth * random.uniform(0.45, 0.8))
    rim = tone(random, cloth)
    wide, deep, width = random.uniform(7, 11), random.uniform(5, 12), random.uniform(1, 2.8)
    top = 6 if kind in ("Hoodie", "Dress") else 10
    for colour_of, more in ((rim, width), (inside, 0)):
        across, down = wide + more, deep + more
        if random.random() < 0.25:
            points = [(50 - across, top), (50 + across, top), (50, top + down * 1.5)]
            draw.polygon([(x * size / 100, y * size / 100) for x, y in points], fill=colour_of)
        else:
            box = (50 - across, top - down, 50 + across, top + down)
            draw.ellipse([value * size / 100 for value in box], fill=colour_of)
    if kind == "Hoodie" and random.random() < 0.7:
        cord = tone(random, cloth)
        for x in (46, 54):
            end = (x + random.uniform(-2, 2), top + deep + random.uniform(8, 16))
            draw.line([value * size / 100 for value in (x, top + deep, *end)], fill=cord, width=max(1, size // 120))


def folds(random, size):
    """Light on lying cloth, `[size, size]` about 1: soft hollows, and creases that are light on one side and dark on the other."""
    light = np.ones((size, size), np.float32)
    if random.random() < 0.8:
        noise = smooth_noise(random, size, int(random.integers(3, 9))) * 0.6 + smooth_noise(random, size, 14) * 0.4
        light += random.uniform(0, 0.28) * (noise - 0.6)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    for _ in range(random.integers(0, 9)):
        angle, bend = random.normal(np.pi / 2, 0.7), random.uniform(-1, 1)
        across, along = x - random.uniform(0.2, 0.8), y - random.uniform(0.2, 0.9)
        far = across * np.sin(angle) - along * np.cos(angle)
        on = across * np.cos(angle) + along * np.sin(angle)
        far = (far + bend * on * on) / random.uniform(0.012, 0.05)
        ends = np.exp(-((on / random.uniform(0.08, 0.3)) ** 2))
        light += random.uniform(-0.16, 0.16) * far * np.exp(0.5 - far * far / 2) * ends
    return light
