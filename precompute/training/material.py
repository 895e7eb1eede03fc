"""What training reads, made once and kept in the work folder: pictures, what the teachers say of them, what they show.

Files of each PART, `photos` and `drawn`: `PART.npy` uint8 `[n, SIDE, SIDE, 4]` (alpha 255 but for drawn garments),
`PART-NAME.npy` f16 `[n, dims]` for every teacher, `PART.json` with a row a picture: source, kind, product, print, held_out.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image

import drawn
import photos
from teachers import NAMES, Teachers

DRAWN = 9000
DRAWN_SEED = 45
PRINT_SIDE = 128
PARTS = ("photos", "drawn")


def make(shared, work):
    """Fills the work folder; some 20 minutes on two cores, nearly all of them the teachers'."""
    work.mkdir(parents=True, exist_ok=True)
    for part, picture in zip(PARTS, (taken, drawn_garments)):
        if not (work / f"{part}.json").exists():
            rows, pictures, originals = picture(shared)
            features = seen_by_teachers(shared, rows, originals)
            np.save(work / f"{part}.npy", pictures)
            for name in NAMES:
                np.save(work / f"{part}-{name}.npy", features[name])
            (work / f"{part}.json").write_text(json.dumps(rows))


def taken(shared):
    """Rows of the photos, the photos at SIDE, and as they are."""
    paths, kinds, groups, held_out = photos.catalogue(shared)
    rows = [{"source": "catalogue", "kind": kind, "group": group, "held_out": bool(out)}
            for kind, group, out in zip(kinds, groups, held_out)]
    shelf, products, held_out = photos.groceries(shared)
    rows += [{"source": "grocery", "product": product, "held_out": bool(out)} for product, out in zip(products, held_out)]
    paths += shelf
    opaque = np.full((photos.SIDE,) * 2, 255, np.uint8)
    return rows, np.stack([np.dstack([photos.squash(path, photos.SIDE), opaque]) for path in paths]), map(Image.open, paths)


def drawn_garments(shared):
    """The same of drawn garments, which the teachers see on white."""
    pictures, *known = drawn.garments(DRAWN, photos.prints(shared, PRINT_SIDE), photos.SIDE, DRAWN_SEED)
    rows = [{"source": "drawn", "kind": kind, "pattern": pattern, "print": int(drawing), "held_out": False}
            for kind, pattern, drawing in zip(*known)]
    return rows, pictures, map(on_white, pictures)


def seen_by_teachers(shared, rows, originals):
    """{name: f16 `[n, dims]`}; zeros for what is held out, which nothing is learnt of."""
    teachers, features = Teachers(shared), {}
    for number, (row, original) in enumerate(zip(rows, originals)):
        if not row["held_out"]:
            for name, values in teachers.features(original).items():
                features.setdefault(name, np.zeros((len(rows), len(values)), np.float16))[number] = values
        if number % 500 == 0:
            print(f"teachers: {number} of {len(rows)}", flush=True)
    return features


def on_white(picture):
    alpha = picture[..., 3:] / 255
    return (picture[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)


def read(work, parts=PARTS):
    """Pictures, rows, and the teachers' vectors by name, photos first."""
    load = lambda name: [np.load(Path(work) / f"{part}{name}.npy", mmap_mode="r") for part in parts]
    rows = [row for part in parts for row in json.loads((Path(work) / f"{part}.json").read_text())]
    features = {name: np.concatenate(load(f"-{name}")).astype(np.float32) for name in NAMES}
    pictures = load("")
    return np.concatenate(pictures) if len(parts) > 1 else pictures[0], rows, features
