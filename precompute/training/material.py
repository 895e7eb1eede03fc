"""What training reads, made once and kept in the work folder: pictures, what the teachers say of them, what they show.

Files: `pictures.npy` uint8 `[n, SIDE, SIDE, 4]` (alpha 255 but for drawn garments), `teacher-NAME.npy` f16 `[n, dims]`
for every network of NETWORKS, `rows.json` with a row a picture: source, kind, product, print, held_out.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image

import drawn
import photos
from teachers import NAMES, Teachers

DRAWN = 3000
DRAWN_SEED = 41
PRINT_SIDE = 128
NETWORKS = (*NAMES, "squeezenet1.1")  # the teachers, and one to compare with


def make(shared, work):
    """Fills the work folder; some 20 minutes on two cores, nearly all of them the teachers'."""
    work.mkdir(parents=True, exist_ok=True)
    if (work / "rows.json").exists():
        return
    paths, kinds, groups, held_out = photos.catalogue(shared)
    rows = [{"source": "catalogue", "kind": kind, "group": group, "held_out": bool(out)}
            for kind, group, out in zip(kinds, groups, held_out)]
    shelf, products, held_out = photos.groceries(shared)
    rows += [{"source": "grocery", "product": product, "held_out": bool(out)} for product, out in zip(products, held_out)]
    paths += shelf
    pictures = [np.dstack([photos.squash(path, photos.SIDE), np.full((photos.SIDE,) * 2, 255, np.uint8)]) for path in paths]
    garments, kinds, patterns, printed = drawn.garments(DRAWN, photos.prints(shared, PRINT_SIDE), photos.SIDE, DRAWN_SEED)
    rows += [{"source": "drawn", "kind": kind, "pattern": pattern, "print": int(drawing), "held_out": False}
             for kind, pattern, drawing in zip(kinds, patterns, printed)]
    pictures = np.concatenate([np.stack(pictures), garments])

    teachers = Teachers(shared, NETWORKS)
    features = {name: [] for name in NETWORKS}
    for number, picture in enumerate(pictures):
        # Photos as they are, not squashed twice; drawn garments on white.
        original = Image.open(paths[number]) if number < len(paths) else on_white(picture)
        for name, values in teachers.features(original).items():
            features[name].append(values.astype(np.float16))
        if number % 500 == 0:
            print(f"teachers: {number} of {len(pictures)}", flush=True)
    for name, values in features.items():
        np.save(work / f"teacher-{name}.npy", np.stack(values))
    np.save(work / "pictures.npy", pictures)
    (work / "rows.json").write_text(json.dumps(rows))


def on_white(picture):
    alpha = picture[..., 3:] / 255
    return (picture[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)


def pictures(work):
    """Pictures and rows."""
    return np.load(Path(work) / "pictures.npy", mmap_mode="r"), json.loads((Path(work) / "rows.json").read_text())


def read(work):
    """Pictures, rows, and the teachers' vectors by name."""
    features = {name: np.load(Path(work) / f"teacher-{name}.npy").astype(np.float32) for name in NETWORKS}
    return *pictures(work), features
