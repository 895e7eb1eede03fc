"""Trains the tower that tells kinds and prints: `python train.py --shared SHARED --work FOLDER`. Goes on where it was stopped.

    a batch: 96 things, each as two pictures (two artists' drawings where there are, on two shirts or one alone),
             48 photos of clothes of 12 kinds, 24 photos of 12 classes of things
    print:   the other picture of the same thing among all others (supervised contrast, arXiv 2004.11362),
             0.5 * the thing as MobileNetV2 sees it alone on white, 0.4 * another drawing of the same clip-art category,
             0.3 * another photo of the same class
    kind:    0.5 * another photo of the same kind, and the kind itself; 0.2 * the kind of the shirt under a print
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image

import network
import prints
import trunk

SEED = 1
STEPS, WARM_UP = 420, 30
RATE, HEADS_RATE, DECAY = 3e-4, 1.2e-3, 1e-2
THINGS, KINDS, PHOTOS_EACH, CLASSES = 96, 12, 4, 12
TEACHER_DIMS = 256
SAVE_EVERY = 50


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def half_whitened(rows, axes):
    rows = unit(rows)
    centred = rows - rows.mean(0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    return unit(centred @ (directions[:axes] / np.sqrt(sizes[:axes, None] / np.sqrt(len(rows)))).T)


def seen_alone(shared, work, paths):
    """What MobileNetV2 makes of each drawing on white: mean and largest over places, half-whitened, `[drawings, 256]`."""
    kept = work / "alone.npy"
    if kept.exists():
        return np.load(kept)
    model, rows = network.blocks(shared).eval().to(memory_format=torch.channels_last), []
    for start in range(0, len(paths), trunk.TOGETHER):
        pictures = [prints.alone(Image.open(path).convert("RGBA"), 1.25) for path in paths[start : start + trunk.TOGETHER]]
        with torch.inference_mode():
            x = network.inputs(pictures)
            for block in model:
                x = block(x)
            rows.append(torch.cat([F.normalize(x.mean((2, 3))), 0.7 * F.normalize(x.amax((2, 3)))], 1).numpy())
    np.save(kept, half_whitened(np.concatenate(rows), TEACHER_DIMS).astype(np.float32))
    return np.load(kept)


def contrast(vectors, labels, temperature):
    """How well the others of a row's label are told from all other rows; rows without another are left out."""
    likeness = F.normalize(vectors, dim=1) @ F.normalize(vectors, dim=1).T / temperature
    own = torch.eye(len(labels), dtype=torch.bool)
    shares = likeness.masked_fill(own, -1e9).log_softmax(1)
    same = (labels[:, None] == labels[None]).float().masked_fill(own, 0)
    has = same.sum(1) > 0
    return -((shares * same).sum(1)[has] / same.sum(1)[has]).mean()


class Pictures:
    """The cached pictures by what they show."""

    def __init__(self, values, jobs, shirt_kinds, shared, work):
        self.values, self.jobs, self.shirt_kinds = values, jobs, shirt_kinds
        self.things, self.clothes, self.classes = {}, {}, {}
        for number, (what, thing, name, _) in enumerate(jobs):
            if what == "clothes":
                self.clothes.setdefault(name, []).append(number)
            elif what == "thing":
                self.classes.setdefault(name, []).append(number)
            else:
                self.things.setdefault((what.split()[0], thing), []).append(number)
        self.names, self.kinds, self.class_names = list(self.things), sorted(self.clothes), sorted(self.classes)
        self.categories = sorted({name for what, _, name, _ in jobs if what == "clipart"})
        paths = sorted({str(path) for what, _, _, path in jobs if what in ("emoji", "clipart")})
        alone, place = seen_alone(shared, work, paths), {path: row for row, path in enumerate(paths)}
        means = [
            alone[sorted({place[str(jobs[number][3])] for number in self.things[name]})].mean(0) for name in self.names
        ]
        self.teacher = torch.from_numpy(unit(np.stack(means)))

    def two_of(self, name, random):
        """Two pictures of a thing, by two artists where there are two."""
        numbers = self.things[name]
        first = int(random.choice(numbers))
        others = [number for number in numbers if self.jobs[number][2] != self.jobs[first][2]]
        others = others or [number for number in numbers if number != first]
        return first, int(random.choice(others))

    def inputs(self, numbers, random):
        x = torch.from_numpy(self.values[numbers].astype(np.float32)).to(memory_format=torch.channels_last)
        return x.flip(3) if random.random() < 0.5 else x


def losses(pictures, model, heads, random):
    names = random.choice(len(pictures.names), THINGS, replace=False)
    things = [number for name in names for number in pictures.two_of(pictures.names[name], random)]
    kinds = random.choice(len(pictures.kinds), KINDS, replace=False)
    photos = [
        int(number)
        for kind in kinds
        for number in random.choice(pictures.clothes[pictures.kinds[kind]], PHOTOS_EACH)
    ]
    classes = random.choice(len(pictures.class_names), CLASSES, replace=False)
    others = [
        int(number)
        for name in classes
        for number in random.choice(pictures.classes[pictures.class_names[name]], 2, replace=False)
    ]
    prints_of, kinds_of = model(pictures.inputs([*things, *photos, *others], random))
    labels = torch.from_numpy(np.repeat(names, 2))
    own = prints_of[: len(things)]
    told = F.normalize(heads["teacher"](own), dim=1) @ pictures.teacher.T / 0.1
    category = [pictures.categories.index(pictures.jobs[n][2]) if pictures.jobs[n][0].startswith("clipart") else -1 for n in things]
    drawn = torch.tensor(category) >= 0
    photo_kinds, kind_labels = kinds_of[len(things) : len(things) + len(photos)], torch.from_numpy(np.repeat(kinds, PHOTOS_EACH))
    on_shirts = [(row, pictures.kinds.index(pictures.shirt_kinds[n])) for row, n in enumerate(things) if pictures.shirt_kinds[n]]
    rows, shirt_labels = zip(*on_shirts)
    return {
        "print": contrast(own, labels, 0.1),
        "alone": 0.5 * F.cross_entropy(told, labels),
        "category": 0.4 * contrast(own[drawn], torch.tensor(category)[drawn], 0.15),
        "kind": 0.5 * (contrast(photo_kinds, kind_labels, 0.1) + F.cross_entropy(heads["kind"](photo_kinds), kind_labels)),
        "shirt": 0.2 * F.cross_entropy(heads["kind"](kinds_of[list(rows)]), torch.tensor(shirt_labels)),
        "class": 0.3 * contrast(prints_of[len(things) + len(photos) :], torch.from_numpy(np.repeat(classes, 2)), 0.1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    pictures = Pictures(*trunk.cached(options.shared, options.work), options.shared, options.work)
    model = network.Tower(options.shared).to(memory_format=torch.channels_last)
    heads = nn.ModuleDict({
        "teacher": nn.Linear(network.PRINT, TEACHER_DIMS),
        "kind": nn.Linear(network.COMPONENTS["kind"], len(pictures.kinds)),
    })
    new = [*model.print.parameters(), *model.kind.parameters(), *heads.parameters()]
    groups = [{"params": model.blocks.parameters(), "rate": RATE}, {"params": new, "rate": HEADS_RATE}]
    optimiser = torch.optim.AdamW(groups, lr=RATE, weight_decay=DECAY)
    checkpoint, first = options.work / "tower.pt", 0
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        heads.load_state_dict(saved["heads"])
        optimiser.load_state_dict(saved["optimiser"])
        first = saved["step"]
    for step in range(first, options.steps):
        # Random numbers of a step depend on nothing before it.
        random = np.random.default_rng([SEED, step])
        part = min(1, (step + 1) / WARM_UP) * (0.03 + 0.97 * 0.5 * (1 + np.cos(np.pi * step / options.steps)))
        for group in optimiser.param_groups:
            group["lr"] = group["rate"] * part
        found = losses(pictures, model, heads, random)
        optimiser.zero_grad()
        sum(found.values()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        print(f"step {step + 1}", *(f"{name} {loss.item():.3f}" for name, loss in found.items()), flush=True)
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == options.steps:
            state = {"model": model.state_dict(), "heads": heads.state_dict(), "optimiser": optimiser.state_dict()}
            torch.save({**state, "step": step + 1}, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").rename(checkpoint)


if __name__ == "__main__":
    main()
