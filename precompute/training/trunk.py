"""What the layers that are not trained make of every training picture, computed once and kept in the work folder.

A picture is a drawing on a shirt, the drawing alone, a photo of clothes, or a photo of a thing (Caltech 101).
"""

import json

import numpy as np
import torch
from PIL import Image

import network
import photos
import prints

SEED = 5
PRINTED_EACH = 4  # pictures of each drawing on shirts; one more shows it alone
TOGETHER = 32


def jobs(shared):
    """(kind of picture, number of the thing or photo, style or class, path) of every picture to learn from."""
    found = []
    drawings, eighths = prints.things(shared)
    for number, styles in enumerate(drawings):
        if eighths[number] not in (prints.CHOOSE, prints.REPORT):
            for style, path in sorted(styles.items()):
                found += [("emoji", number, style, path)] * PRINTED_EACH + [("emoji alone", number, style, path)]
    for number, (path, category, part) in enumerate(prints.clipart(shared)):
        if part not in (prints.CHOOSE, prints.REPORT):
            found += [("clipart", number, category, path)] * PRINTED_EACH + [("clipart alone", number, category, path)]
    paths, kinds, fifths, _ = prints.shirts(shared)
    held_out = (prints.CHOOSE_FIFTH, prints.REPORT_FIFTH)
    found += [("clothes", int(n), kinds[n], paths[n]) for n in np.flatnonzero(~np.isin(fifths, held_out))]
    things = photos.rows(f"{shared}/train/caltech101.csv")
    found += [("thing", n, row["class"], f"{shared}/train/caltech101/{row['file']}") for n, row in enumerate(things)]
    return found


def picture(job, number, shared_shirts):
    """The picture of a job, and the kind of the shirt it is printed on (None without one)."""
    what, _, _, path = job
    random = np.random.default_rng([SEED, number])
    if what in ("emoji", "clipart"):
        paths, kinds, fifths, tops = shared_shirts
        usable = tops[~np.isin(fifths[tops], (prints.CHOOSE_FIFTH, prints.REPORT_FIFTH))]
        shirt = int(random.choice(usable))
        result = prints.printed(Image.open(paths[shirt]).convert("RGB"), Image.open(path).convert("RGBA"), random)
        return (prints.cropped(result, random) if random.random() < 0.5 else result), kinds[shirt]
    if what.endswith("alone"):
        colour = tuple(int(value) for value in random.integers(0, 256, 3)) if random.random() < 0.4 else (255, 255, 255)
        return prints.alone(Image.open(path).convert("RGBA"), random.uniform(1.1, 2.2), colour), None
    return Image.open(path).convert("RGB"), None


def cached(shared, work):
    """`[pictures, 96, 14, 14]` as half floats, and what each picture shows; made in pieces, so that a stopped run goes on."""
    wanted = jobs(shared)
    folder = work / "trunk"
    folder.mkdir(parents=True, exist_ok=True)
    shirts, model = prints.shirts(shared), network.Shared(shared).eval().to(memory_format=torch.channels_last)
    for start in range(0, len(wanted), 1024):
        piece = folder / f"{start:06}.npz"
        if piece.exists():
            continue
        values, shirt_kinds = [], []
        for first in range(start, min(start + 1024, len(wanted)), TOGETHER):
            numbers = range(first, min(first + TOGETHER, start + 1024, len(wanted)))
            pictures = [picture(wanted[number], number, shirts) for number in numbers]
            with torch.inference_mode():
                values.append(model(network.inputs([photo for photo, _ in pictures]))[0].numpy().astype(np.float16))
            shirt_kinds += [kind for _, kind in pictures]
        unfinished = piece.with_suffix(".unfinished.npz")
        np.savez(unfinished, values=np.concatenate(values), shirts=json.dumps(shirt_kinds))
        unfinished.rename(piece)
        print(f"trunk: {min(start + 1024, len(wanted))} of {len(wanted)}", flush=True)
    pieces = [np.load(piece) for piece in sorted(folder.glob("??????.npz"))]
    shirt_kinds = [kind for piece in pieces for kind in json.loads(str(piece["shirts"]))]
    return np.concatenate([piece["values"] for piece in pieces]), wanted, shirt_kinds
