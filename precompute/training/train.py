"""Trains the tower that tells kinds and prints: `python train.py --shared SHARED --work FOLDER`. Goes on where it was stopped.

    a batch: 128 things, each as two pictures (two artists' drawings where there are, on two shirts), 32 shirts with nothing on
             them but what they came with, 48 other photos (clothes of all kinds, groceries, things), 48 photos of clothes of 12 kinds
    print:   the other picture of the same thing among all others (supervised contrast, arXiv 2004.11362),
             0.5 * the thing, and those like it, as MobileNetV2 and VGG-16 see them alone on white,
             0.5 * another drawing of the same clip-art category,
             0.5 * a print's length is 1 to 1.3, that of any other photo at most 0.2
    kind:    0.4 * another photo of the same kind, and the kind itself;
             3 * (1 - cosine) of what the network of --kinds-of makes of the photo, if one is given
"""

import argparse
import multiprocessing
from pathlib import Path

import numpy as np
import onnxruntime
import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image

import composites
import network
import photos
import prints

SEED = 1
STEPS, WARM_UP = 1500, 30
RATE, HEADS_RATE, DECAY = 2.5e-4, 1e-3, 1e-2
THINGS, PLAIN, OTHERS, KINDS, PHOTOS_EACH = 128, 32, 48, 12, 4
GROCERIES, EACH_OF_THINGS = 600, 2
TEACHER_DIMS, TEACHER_SIDE = 256, 96
LIKE_IT, LIKE_IT_TEMPERATURE = 0.4, 0.08
AVERAGED = 0.997
LENGTH_AT_FIRST = 1 / 15
SAVE_EVERY = 50


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def half_whitened(rows, axes):
    rows = unit(rows)
    centred = rows - rows.mean(0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    return unit(centred @ (directions[:axes] / np.sqrt(sizes[:axes, None] / np.sqrt(len(rows)))).T)


def kept(path, make):
    """The array at `path`, made and saved there if it is not."""
    if not path.exists():
        np.save(path, make())
    return np.load(path)


def seen_by_mobilenet(shared, drawings):
    model, rows = network.blocks(shared).eval().to(memory_format=torch.channels_last), []
    for start in range(0, len(drawings), composites.TOGETHER):
        with torch.inference_mode():
            x = network.inputs(drawings[start : start + composites.TOGETHER], 224)
            for block in model:
                x = block(x)
            rows.append(torch.cat([F.normalize(x.mean((2, 3))), 0.7 * F.normalize(x.amax((2, 3)))], 1).numpy())
    return np.concatenate(rows)


def seen_by_vgg(shared, drawings):
    session, rows = onnxruntime.InferenceSession(f"{shared}/models/vgg16-conv.onnx"), []
    for drawing in drawings:
        pixels = np.asarray(drawing.resize((TEACHER_SIDE, TEACHER_SIDE), Image.BILINEAR), np.float32)[..., ::-1]
        values = (pixels - np.array([103.939, 116.779, 123.68], np.float32)).transpose(2, 0, 1)[None]
        last = session.run(["block5_pool"], {"input": np.ascontiguousarray(values)})[0]
        rows.append(np.concatenate([unit(last.mean((2, 3))), unit(last.max((2, 3)))], 1))
    return np.concatenate(rows)


def teacher(shared, work, things):
    """Each thing's drawings alone on white as two networks see them, `[things, 512]`, unit length."""
    paths = sorted({str(path) for _, styles in things for _, path in styles})
    place = {path: row for row, path in enumerate(paths)}

    def seen(see):
        drawings = [prints.alone(Image.open(path).convert("RGBA"), 1.25) for path in paths]
        return half_whitened(see(shared, drawings), TEACHER_DIMS).astype(np.float32)

    both = [kept(work / f"alone-{see.__name__}.npy", lambda see=see: seen(see)) for see in (seen_by_mobilenet, seen_by_vgg)]
    rows = np.concatenate(both, 1)
    return torch.from_numpy(unit(np.stack([rows[[place[str(path)] for _, path in styles]].mean(0) for _, styles in things])))


def contrast(vectors, labels, temperature):
    """How well the others of a row's label are told from all other rows; rows without another are left out."""
    likeness = F.normalize(vectors, dim=1) @ F.normalize(vectors, dim=1).T / temperature
    own = torch.eye(len(labels), dtype=torch.bool)
    shares = likeness.masked_fill(own, -1e9).log_softmax(1)
    same = (labels[:, None] == labels[None]).float().masked_fill(own, 0)
    has = same.sum(1) > 0
    return -((shares * same).sum(1)[has] / same.sum(1)[has]).mean()


class Fixed:
    """Photos that are seen as they are: what blocks 0 to 12 make of them, and what they show."""

    def __init__(self, values, labels):
        self.values, self.names = values, sorted(set(labels))
        self.labels = np.array([self.names.index(label) for label in labels])
        self.of = [np.flatnonzero(self.labels == number) for number in range(len(self.names))]

    def some(self, random, labels, each):
        """`each` photos of `labels` labels: their numbers, and their labels."""
        chosen = random.choice(len(self.names), labels, replace=False)
        numbers = np.concatenate([random.choice(self.of[number], each) for number in chosen])
        return numbers, torch.from_numpy(self.labels[numbers])

    def input(self, numbers):
        return torch.from_numpy(self.values[numbers].astype(np.float32)).to(memory_format=torch.channels_last)


def clothes(shared, work):
    """Photos of clothes to train on, whole, and mirrored."""
    paths, kinds, fifths, _ = prints.shirts(shared)
    used = np.flatnonzero(~np.isin(fifths, (prints.CHOOSE_FIFTH, prints.REPORT_FIFTH)))

    def make():
        model = network.Shared(shared).eval().to(memory_format=torch.channels_last)
        rows = []
        for start in range(0, len(used), composites.TOGETHER):
            pictures = [Image.open(paths[n]).convert("RGB") for n in used[start : start + composites.TOGETHER]]
            rows.append(composites.trunk(model, network.whole_view(network.inputs(pictures))))
        return np.concatenate(rows)

    whole = kept(work / "clothes.npy", make)
    # Mirrored after the layers, which is nearly what the layers make of a mirrored photo.
    return Fixed(np.concatenate([whole, whole[..., ::-1]]), [kinds[n] for n in used] * 2)


def others(shared, work):
    """Photos without a print, as the layers see their chests, `[n, 96, 12, 12]`: clothes of all kinds, groceries, things."""
    paths, _, fifths, _ = prints.shirts(shared)
    used = [paths[n] for n in np.flatnonzero(~np.isin(fifths, (prints.CHOOSE_FIFTH, prints.REPORT_FIFTH)))]
    random = np.random.default_rng(3)
    groceries = photos.groceries(shared)[0]
    used += [groceries[n] for n in random.choice(len(groceries), GROCERIES, replace=False)]
    things = photos.rows(f"{shared}/train/caltech101.csv")[::EACH_OF_THINGS]

    def make():
        model = network.Shared(shared).eval().to(memory_format=torch.channels_last)
        chests = [composites.chest(Image.open(path).convert("RGB")) for path in used]
        whole = [Image.open(f"{shared}/train/caltech101/{row['file']}").convert("RGB") for row in things]
        squashed = [photo.resize((network.CHEST, network.CHEST), Image.BILINEAR) for photo in whole]
        return composites.trunk(model, network.normalised([*chests, *squashed]))

    return kept(work / "others.npy", make)


class Lessons:
    """All that a step's losses are made of."""

    def __init__(self, shared, work):
        self.things = composites.things(shared)
        self.clothes, self.others = clothes(shared, work), others(shared, work)
        self.teacher = teacher(shared, work, self.things)
        self.like_it = (self.teacher @ self.teacher.T / LIKE_IT_TEMPERATURE).softmax(1)
        categories = sorted({styles[0][0] for library, styles in self.things if library == "clipart"})
        self.category = np.array(
            [categories.index(styles[0][0]) if library == "clipart" else -1 for library, styles in self.things]
        )
        self.pool, self.kinds_of = composites.Pool(work / "composites"), None

    def losses(self, model, heads, random):
        things = random.choice(self.pool.twice, THINGS, replace=False)
        printed = [picture for thing in things for picture in self.pool.two_of(thing, random)]
        plain = [self.pool.plain[n] for n in random.choice(len(self.pool.plain), PLAIN, replace=False)]
        further = self.others[random.choice(len(self.others), OTHERS, replace=False)]
        chests = np.concatenate([self.pool.values([*printed, *plain]), further]).astype(np.float32)
        x = torch.from_numpy(chests)
        x = (x.flip(3) if random.random() < 0.5 else x).to(memory_format=torch.channels_last)
        vectors, _ = model(x)
        own, bare = vectors.split([len(printed), PLAIN + OTHERS])
        labels = torch.from_numpy(np.repeat(things, 2))
        told = (F.normalize(heads["teacher"](own), dim=1) @ self.teacher.T / 0.1).log_softmax(1)
        wanted = (1 - LIKE_IT) * F.one_hot(labels, len(self.things)).float() + LIKE_IT * self.like_it[labels]
        category = torch.from_numpy(self.category[labels])
        drawn = category >= 0
        lengths, bare_lengths = own.norm(dim=1), bare.norm(dim=1)
        photos_of, kind_labels = self.clothes.some(random, KINDS, PHOTOS_EACH)
        _, kinds = model(self.clothes.input(photos_of))
        found = {
            # Each photo without a print is a thing of its own.
            "print": contrast(torch.cat([own, bare]), torch.cat([labels, -1 - torch.arange(len(bare))]), 0.1),
            "alone": -0.5 * (wanted * told).sum(1).mean(),
            "category": 0.5 * contrast(own[drawn], category[drawn], 0.15),
            "length": 0.5
            * (
                F.relu(1 - lengths).square().mean()
                + 0.2 * F.relu(lengths - 1.3).square().mean()
                + F.relu(bare_lengths - 0.2).square().mean()
            ),
            "kind": 0.4 * (contrast(kinds, kind_labels, 0.1) + F.cross_entropy(heads["kind"](kinds), kind_labels)),
        }
        if self.kinds_of is not None:
            found["kept"] = 3 * (1 - (F.normalize(kinds, dim=1) * self.kinds_of[photos_of]).sum(1)).mean()
        return found


def kinds_as_they_were(tower, values):
    """What a tower makes of photos' kinds, `[n, 128]`, unit length."""
    rows = []
    for start in range(0, len(values), 64):
        with torch.inference_mode():
            rows.append(tower(torch.from_numpy(values[start : start + 64].astype(np.float32)))[1])
    return F.normalize(torch.cat(rows), dim=1).clone()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--kinds-of", type=Path, help="a tower's weights (tower.pt) to start from, whose kinds are kept")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    folder = options.work / "composites"
    multiprocessing.Process(target=composites.make, args=(options.shared, folder), daemon=True).start()
    lessons = Lessons(options.shared, options.work)
    model = network.Tower(options.shared).to(memory_format=torch.channels_last)
    heads = nn.ModuleDict({
        "teacher": nn.Linear(network.PRINT, 2 * TEACHER_DIMS),
        "kind": nn.Linear(network.KIND, len(lessons.clothes.names)),
    })
    new = [*model.print.parameters(), *model.kind.parameters(), *heads.parameters()]
    groups = [{"params": model.blocks.parameters(), "rate": RATE}, {"params": new, "rate": HEADS_RATE}]
    optimiser = torch.optim.AdamW(groups, lr=RATE, weight_decay=DECAY)
    with torch.no_grad():
        # Prints begin at about the length that they are to have.
        model.print.weight.mul_(LENGTH_AT_FIRST)
        model.print.bias.mul_(LENGTH_AT_FIRST)
    if options.kinds_of:
        model.load_state_dict(torch.load(options.kinds_of)["averaged"])
        lessons.kinds_of = kinds_as_they_were(model, lessons.clothes.values)
    averaged = {name: value.clone() for name, value in model.state_dict().items()}
    checkpoint, first = options.work / "tower.pt", 0
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        heads.load_state_dict(saved["heads"])
        optimiser.load_state_dict(saved["optimiser"])
        averaged, first = saved["averaged"], saved["step"]
    lessons.pool.wait_for(6)
    for step in range(first, options.steps):
        random = np.random.default_rng([SEED, step])
        part = min(1, (step + 1) / WARM_UP) * (0.03 + 0.97 * 0.5 * (1 + np.cos(np.pi * step / options.steps)))
        for group in optimiser.param_groups:
            group["lr"] = float(group["rate"] * part)
        lessons.pool.refresh()
        found = lessons.losses(model, heads, random)
        optimiser.zero_grad()
        sum(found.values()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        share = min(AVERAGED, step / (step + 20))
        with torch.no_grad():
            for name, value in model.state_dict().items():
                averaged[name].mul_(share).add_(value, alpha=1 - share)
        print(f"step {step + 1}", *(f"{name} {loss.item():.3f}" for name, loss in found.items()), flush=True)
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == options.steps:
            state = {"model": model.state_dict(), "heads": heads.state_dict(), "optimiser": optimiser.state_dict()}
            torch.save({**state, "averaged": averaged, "step": step + 1}, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").rename(checkpoint)


if __name__ == "__main__":
    main()
