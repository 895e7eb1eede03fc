"""Pictures to learn prints from, made without end: drawings on real shirts, as the layers that are not trained see their chests.

    for ever: 256 drawings, each in two styles if there are two, printed on shirts drawn at random
              64 shirts as they are
              the chest of each, moved and scaled by chance -> blocks 0 to 12 -> one file; the oldest file is removed
"""

import json
import os
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import network
import prints

SEED = 5
DRAWINGS, PLAIN = 256, 64  # in a file
FILES = 60
TOGETHER = 32


def usable_shirts(shared):
    """Paths and kinds of the photos of tops by photographers to train on."""
    paths, kinds, fifths, tops = prints.shirts(shared)
    usable = tops[~np.isin(fifths[tops], (prints.CHOOSE_FIFTH, prints.REPORT_FIFTH))]
    return [(paths[number], kinds[number]) for number in usable]


def things(shared):
    """Of each thing to train on: its library (`emoji` or `clipart`) and its drawings by style (of clip art: by category)."""
    drawings, eighths = prints.things(shared)
    held_out = (prints.CHOOSE, prints.REPORT)
    found = [("emoji", sorted(drawing.items())) for drawing, part in zip(drawings, eighths) if part not in held_out]
    return found + [("clipart", [(category, path)]) for path, category, part in prints.clipart(shared) if part not in held_out]


def chest(photo, random=None):
    """The chest of a photo as `network.chest_view` would see it; with `random`, moved and scaled by chance."""
    side = network.CHEST / network.SIDE * (random.uniform(0.85, 1.3) if random else 1)
    middle = np.array([network.LEFT, network.TOP]) / network.SIDE + network.CHEST / network.SIDE / 2
    x, y = np.clip(middle - side / 2 + (random.uniform(-0.06, 0.06, 2) if random else 0), 0, 1 - side)
    box = (x * photo.width, y * photo.height, (x + side) * photo.width, (y + side) * photo.height)
    return photo.resize((network.CHEST, network.CHEST), Image.BILINEAR, box=box)


def trunk(model, values):
    """What blocks 0 to 12 make of the network's values, `[n, 96, side / 16, side / 16]` half floats."""
    rows = []
    for start in range(0, len(values), TOGETHER):
        with torch.inference_mode():
            rows.append(model(values[start : start + TOGETHER].contiguous(memory_format=torch.channels_last))[0])
    return torch.cat(rows).numpy().astype(np.float16)


class Drawn:
    """Photos and drawings, each opened once."""

    def __init__(self, mode):
        self.mode, self.opened = mode, {}

    def __getitem__(self, path):
        if path not in self.opened:
            self.opened[path] = Image.open(path).convert(self.mode)
        return self.opened[path]


def make(shared, folder):
    """Writes files to `folder` until it is ended. Random numbers of a file depend on its number alone."""
    os.nice(19)
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    model = network.Shared(shared).eval().to(memory_format=torch.channels_last)
    shirts, known = usable_shirts(shared), things(shared)
    photos, drawings = Drawn("RGB"), Drawn("RGBA")
    number = 1 + max((int(file.stem) for file in folder.glob("??????.npz")), default=-1)
    while True:
        random = np.random.default_rng([SEED, number])
        pictures, shown = [], []
        for thing in random.integers(len(known), size=DRAWINGS):
            styles = known[thing][1]
            for style, path in [styles[n] for n in (random.permutation(len(styles))[:2] if len(styles) > 1 else (0, 0))]:
                shirt, kind = shirts[random.integers(len(shirts))]
                pictures.append(chest(prints.printed(photos[shirt], drawings[path], random), random))
                shown.append((int(thing), style, kind))
        for shirt in random.integers(len(shirts), size=PLAIN):
            pictures.append(chest(photos[shirts[shirt][0]], random))
            shown.append((None, None, shirts[shirt][1]))
        unfinished = folder / f"{number:06}.unfinished.npz"
        np.savez(unfinished, values=trunk(model, network.normalised(pictures)), shown=json.dumps(shown))
        unfinished.rename(folder / f"{number:06}.npz")
        number += 1
        for old in sorted(folder.glob("??????.npz"))[:-FILES]:
            old.unlink()


class Pool:
    """The files that are there: pictures by what they show."""

    def __init__(self, folder):
        self.folder, self.files, self.by_thing, self.plain, self.twice = Path(folder), {}, {}, [], []

    def refresh(self):
        present = {file.name: file for file in self.folder.glob("??????.npz")}
        if present.keys() == self.files.keys():
            return
        self.files = {name: self.files.get(name) or self.read(file) for name, file in present.items()}
        self.by_thing, self.plain = {}, []
        for name, (_, shown) in self.files.items():
            for row, (thing, style, kind) in enumerate(shown):
                own = self.plain if thing is None else self.by_thing.setdefault(thing, [])
                own.append((name, row, style, kind))
        self.twice = [thing for thing, pictures in self.by_thing.items() if len(pictures) > 1]

    @staticmethod
    def read(file):
        content = np.load(file)
        return content["values"], json.loads(str(content["shown"]))

    def wait_for(self, files):
        """Waits until there are so many files."""
        while True:
            self.refresh()
            if len(self.files) >= files:
                return
            time.sleep(5)

    def two_of(self, thing, random):
        """Two pictures of a thing, by two artists where there are."""
        pictures = self.by_thing[thing]
        first = pictures[random.integers(len(pictures))]
        others = [picture for picture in pictures if picture[2] != first[2]]
        others = others or [picture for picture in pictures if picture is not first]
        return first, others[random.integers(len(others))]

    def values(self, pictures):
        return np.stack([self.files[name][0][row] for name, row, _, _ in pictures])
