"""Cloth with a pattern: `weave` gives f32 RGB `[size, size, 3]`, 0 to 255, the cloth of a whole garment.

What makes a pattern varies as widely as in a shop (size, contrast, number of colours, how sharp it is), and what does not
make one is on all of them alike: the yarn, and light that falls from one side. So plain cloth is not merely what is even.
"""

import numpy as np
from PIL import Image, ImageFilter

PATTERNS = ("plain", "stripes", "dots", "checks", "zigzag", "fade", "camouflage", "heather", "flowers", "scattered", "tie-dye")
SHARES = np.array([4, 1.4, 0.9, 0.9, 0.4, 2.4, 0.9, 3.2, 0.6, 0.5, 0.7])  # of the garments; the fainter come more often
GRAIN = (1.8, 9)  # grey levels that heather's grain has left after the photo was made small (`PIXELS` across)
PIXELS = 128


def colour(random):
    """A cloth's colour: half of them muted, some near black and white."""
    hue, saturation, value = random.random(), random.random() ** 0.7, random.uniform(0.12, 1)
    if random.random() < 0.25:
        saturation *= 0.12
    k = (np.array([5.0, 3.0, 1.0]) + hue * 6) % 6
    return 255 * (value - value * saturation * np.clip(np.minimum(k, 4 - k), 0, 1))


def apart(random, first, least):
    """A colour that differs from `first` by `least` levels or more."""
    while True:
        second = colour(random)
        if np.abs(second - first).max() >= least:
            return second


def smooth_noise(random, size, cells):
    """0 to 1, `[size, size]`; `cells` is a number, or (across, down)."""
    across, down = (cells, cells) if np.isscalar(cells) else cells
    grid = Image.fromarray((random.random((down, across)) * 255).astype(np.uint8))
    return np.asarray(grid.resize((size, size), Image.BICUBIC), np.float32) / 255


def grain(random, size, levels):
    """Noise as of spun fibres, longer one way at times, that has a deviation of `levels` at PIXELS across."""
    cells = np.array([size, size]) / random.uniform(1, 4.5)
    cells[random.integers(2)] /= random.uniform(1, 5) if random.random() < 0.6 else 1
    noise = smooth_noise(random, size, tuple(cells.astype(int)))
    noise -= noise.mean()
    if random.random() < 0.3:  # single fibres stand out
        noise = np.maximum(noise, np.quantile(noise, random.uniform(0.5, 0.9)))
        noise -= noise.mean()
    small = np.asarray(Image.fromarray(noise).resize((PIXELS, PIXELS), Image.BILINEAR))
    return noise * levels / small.std()


def stripes(random, line, period):
    """Shares 0 to 1: even, thin, or a bundle of lines, along `line`."""
    phase = line / period % 1
    kind = random.random()
    if kind < 0.5:
        return phase < random.uniform(0.12, 0.6)
    if kind < 0.75:
        return (phase < 0.3) * 1.0 + ((phase > 0.45) & (phase < 0.55)) * random.uniform(0.4, 1)
    return np.clip(np.sin(phase * 2 * np.pi) * random.uniform(0.7, 4) + 0.5, 0, 1)


def checks(random, x, y, period):
    kind, width = random.random(), random.uniform(0.35, 0.6)
    across, down = x / period % 1, y / period % 1
    if kind < 0.4:  # gingham
        return (across < width) * 0.5 + (down < width) * 0.5
    if kind < 0.6:  # lines
        thin = random.uniform(0.06, 0.2)
        return np.maximum(across < thin, down < thin)
    if kind < 0.75:  # chequerboard
        return (across < 0.5) ^ (down < 0.5)
    return stripes(random, x, period) * 0.5 + stripes(random, y, period * random.uniform(0.8, 1.2)) * 0.5  # tartan


def fade(random, x, y):
    """From one colour to the other: over the whole cloth or a part of it, nearly always downwards."""
    tilt = random.normal(0, 0.15) if random.random() < 0.85 else random.uniform(-2, 2)
    line = y * np.cos(tilt) + (x - 0.5) * np.sin(tilt)
    begin = random.uniform(0, 0.5)
    share = np.clip((line - begin) / random.uniform(0.3, 1 - begin), 0, 1)
    return share if random.random() < 0.5 else share * share * (3 - 2 * share)


def dye(random, x, y):
    """Shares 0 to 1 of dye in cloth that was tied about a point: rings, a spiral, or creases."""
    noise = smooth_noise(random, len(x), int(random.integers(6, 16))) - 0.5
    across, down = x - random.uniform(0.3, 0.7), y - random.uniform(0.3, 0.7)
    far, angle = np.hypot(across, down), np.arctan2(down, across)
    arms = random.integers(0, 5)
    wave = np.sin(angle * arms + far * random.uniform(12, 40) + noise * random.uniform(0.5, 5))
    return np.clip(wave * random.uniform(0.5, 1.5) + 0.5, 0, 1)


def paste_all(random, picture, tile, step):
    """`tile` (RGBA) many times on the picture, in rows or anywhere, turned at times."""
    canvas = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    size, turns = canvas.width, random.random() < 0.5
    loose = random.uniform(0, 0.3)
    for row, top in enumerate(range(-step, size, step)):
        for left in range(-(row % 2) * step // 2, size, step):
            one = tile.rotate(random.uniform(0, 360)) if turns else tile
            shift = random.normal(0, loose * step, 2).astype(int)
            canvas.paste(one, (left + int(shift[0]), top + int(shift[1])), one)
    return np.asarray(canvas, np.float32)


def flower(random, side, petals, heart):
    y, x = np.mgrid[0:side, 0:side] * 2 / side - 1
    angle, far = np.arctan2(y, x), np.hypot(x, y)
    edge = 0.62 + random.uniform(0.1, 0.3) * np.cos(angle * random.integers(4, 8))
    rgb = np.where((far < random.uniform(0.15, 0.3))[..., None], heart, petals)
    return Image.fromarray(np.dstack([rgb, (far < edge) * 255]).astype(np.uint8), "RGBA")


def weave(random, pattern, size, prints):
    y, x = np.mgrid[0:size, 0:size] / size
    period = np.exp(random.uniform(np.log(0.025), np.log(0.13)))
    first = colour(random)
    second = apart(random, first, 60 if pattern == "fade" else 45)
    share = np.zeros((size, size))
    if pattern == "stripes":
        share = stripes(random, y if random.random() < 0.6 else x, period)
    elif pattern == "dots":
        offset = (np.floor(y / period) % 2) * 0.5
        share = np.hypot((x / period + offset) % 1 - 0.5, y / period % 1 - 0.5) < random.uniform(0.16, 0.38)
    elif pattern == "checks":
        share = checks(random, x, y, period)
    elif pattern == "zigzag":
        wave = np.abs((x / period * random.uniform(0.5, 1.2)) % 1 - 0.5) * period
        share = ((y + wave) / period % 1) < random.uniform(0.3, 0.6)
    elif pattern == "fade":
        share = fade(random, x, y)
    picture = first + (second - first) * np.asarray(share, np.float32)[..., None]
    if pattern == "tie-dye":
        for other in (second, *[apart(random, first, 45) for _ in range(random.integers(3))]):
            picture = picture + (other - picture) * dye(random, x, y)[..., None]
    if pattern == "camouflage":
        across = int(random.integers(6, 22))
        for other in (second, *[apart(random, first, 20) for _ in range(random.integers(3))]):
            patch = smooth_noise(random, size, (across, int(across * random.uniform(0.8, 1.6))))
            patch = patch * 0.75 + smooth_noise(random, size, across * 3) * 0.25
            picture = np.where((patch > random.uniform(0.48, 0.6))[..., None], other, picture)
    elif pattern == "heather":
        towards = second - first if random.random() < 0.5 else np.full(3, 255.0 if first.mean() < 140 else -255.0)
        levels = np.exp(random.uniform(*np.log(GRAIN)))
        picture = picture + grain(random, size, levels)[..., None] * towards / np.abs(towards).max()
    elif pattern == "flowers":
        side = int(size * random.uniform(0.04, 0.14))
        for petals in (second, apart(random, first, 45)):
            blossom = flower(random, side, petals, colour(random))
            picture = paste_all(random, picture, blossom, int(side * random.uniform(1.2, 2)))
    elif pattern == "scattered":
        side = int(size * random.uniform(0.06, 0.16))
        tile = Image.fromarray(prints[random.integers(len(prints))]).resize((side, side), Image.BILINEAR)
        picture = paste_all(random, picture, tile, int(side * random.uniform(1.2, 2)))
    # The yarn's own relief and unevenness, and what light does over the whole of it.
    if random.random() < 0.5:
        fine = np.sin(x * size * 2 * np.pi / random.uniform(3, 9)) * np.sin(y * size * 2 * np.pi / random.uniform(3, 9))
        picture = picture * (1 + random.uniform(0, 0.06) * fine)[..., None]
    picture = picture * (1 + random.uniform(0, 0.035) * random.standard_normal((size, size)))[..., None]
    turn = random.uniform(0, 2 * np.pi)
    fall = ((x - 0.5) * np.cos(turn) + (y - 0.5) * np.sin(turn)) * random.uniform(0, 0.25)
    return np.asarray(picture * (1 + fall)[..., None], np.float32)
