"""The last stage, on the trained network: `python patterns.py --shared ../shared --work FOLDER [--start COMPILED]`.

Plain or heather, fade or checks: it learns the pattern of cloth from newly drawn garments (`fabrics.py`), whose neighbours
shall be those of the same pattern, whatever is printed on them. Beside them are the real photos, and for these what the
network says shall stay what it said when the stage began. The first FIXED convolutions stay as they are: what they make of
two views of every thing is made once and kept, and a step costs a tenth. It begins with the folded network of `train.py`,
or with a compiled one.
"""

import argparse
import json
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import drawn
import material
import photos
import shipped
import views
from student import DIMS, Plain, Student

SEED = 17
FIXED = 10
GARMENTS, GARMENTS_SEED = 7000, 43
GROCERIES_EVERY = 6  # of the photos of groceries, which there are enough of
STEPS, WARM_UP = 200, 15
RATES = {"convolutions": 6e-4, "dense": 6e-4, "head": 1e-2}
CLOTHES, GROCERIES, DRAWN = 72, 24, 96  # things in a batch, each seen twice
PAIRS = 24  # of drawn garments with the same print
STRENGTHS = 0.9, 0.6  # of the second view of photos and of drawn garments: a stronger one hides faint patterns
CHANGED = 0.25  # of photos in another colour, and of photos with a print
SELF_SHARE = {"photo": 0.5, "drawn": 0.1}  # of a thing's answer that belongs to itself
LIKENESS = {"pattern": 1.0, "print": 1.3, "kind": 0.15, "colours": 0.3}
SAME_LABEL = 2.0  # what the same kind or product adds to how alike two photos were before, in units of TEMPERATURE
SHARE = 0.6  # of the way from the network at the start that is gone in the end: most of what is learnt, less is forgotten
LIKENESS_TEMPERATURE, TEMPERATURE = 0.15, 0.07
WEIGHTS = {"kept": 12.0, "contrast": 1.5, "told": 1.0, "uneven": 1.0}
CHUNK = 128
MINUTES_BETWEEN_CHECKPOINTS = 2


class Things:
    """Photos, then drawn garments; `pictures` gives RGBA bytes `[n, SIDE, SIDE, 4]`."""

    def __init__(self, shared, work):
        pictures, rows = material.pictures(work)
        of = lambda source: [number for number, row in enumerate(rows) if row["source"] == source and not row["held_out"]]
        learnt = of("catalogue") + of("grocery")[::GROCERIES_EVERY]
        rows, self.photos = [rows[number] for number in learnt], len(learnt)
        kept = work / f"garments-{GARMENTS_SEED}.npz"
        if not kept.exists():
            made = drawn.garments(GARMENTS, photos.prints(shared, material.PRINT_SIDE), photos.SIDE, GARMENTS_SEED)
            np.savez(kept, **dict(zip(("pictures", "kind", "pattern", "print"), made)))
        garments = np.load(kept)
        self.pictures = lambda: np.concatenate([pictures[learnt], garments["pictures"]])
        self.source = np.array([row["source"] for row in rows] + ["drawn"] * GARMENTS)
        coded = lambda values: torch.tensor(np.unique(values, return_inverse=True)[1])
        self.kind, self.pattern = coded(garments["kind"]), coded(garments["pattern"])
        self.print = torch.tensor(garments["print"])
        self.same_print = [np.flatnonzero(self.print == number) for number in np.unique(self.print)[1:]]
        self.same_print = [numbers for numbers in self.same_print if len(numbers) > 1]
        # What a photo shows: the kind of garment, or the grocery.
        self.label = coded([row.get("kind") or row["product"] for row in rows])
        kinds, count = np.unique([row.get("kind", "") for row in rows], return_counts=True)
        of = dict(zip(kinds, count))
        self.weight = np.array([of[row.get("kind", "")] ** -0.5 for row in rows])

    def choose(self, random):
        """Numbers of a batch's things, garments last."""
        chosen = []
        for source, count in (("catalogue", CLOTHES), ("grocery", GROCERIES), ("drawn", DRAWN)):
            numbers = np.flatnonzero(self.source == source)
            share = self.weight[numbers] if source == "catalogue" else np.ones(len(numbers))
            chosen.append(random.choice(numbers, count, replace=False, p=share / share.sum()))
        for pair, drawing in enumerate(random.choice(len(self.same_print), PAIRS, replace=False)):
            chosen[-1][2 * pair:2 * pair + 2] = self.photos + random.choice(self.same_print[drawing], 2, replace=False)
        return torch.tensor(np.concatenate(chosen))


@torch.no_grad()
def see_all(things, plain, side, drawings):
    """Of two views of every thing, `[2, n, ...]`: what the fixed convolutions make of it, and of photos
    what the network does; and the things' colours."""
    n, pictures = len(things.source), things.pictures()
    below = [None, None]
    fc7 = torch.zeros(2, n, DIMS)  # of photos alone
    shades = torch.empty(n, views.BINS**3)
    random = np.random.default_rng(SEED)
    torch.manual_seed(SEED)
    for part in torch.from_numpy(random.permutation(n)).split(CHUNK):
        photo = part < things.photos
        picture = torch.from_numpy(pictures[part]).permute(0, 3, 1, 2).float() / 255
        x, alpha = picture[:, :3], picture[:, 3:]
        x = views.recolour(x, photo & views.chance(len(part), CHANGED))
        choice = torch.from_numpy(random.integers(len(drawings), size=len(part)))
        x = views.print_on(x, drawings[choice].float() / 255, photo & views.chance(len(part), CHANGED))
        x = x * alpha + torch.rand(len(part), 3, 1, 1) * (1 - alpha)
        shades[part] = views.colours(x, alpha)
        # The picture itself, made small as the program does it, which leaves of a faint pattern what will be left; and a view.
        still = x * alpha + views.backgrounds(x, x.shape[-1]) * (1 - alpha)
        still = F.interpolate(still, size=(side, side), mode="bilinear", antialias=True)
        for number, view in enumerate((still, views.see(x, alpha, side, torch.where(photo, *STRENGTHS)))):
            view = views.normalised(view).contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                low = plain.convolve(view, 0, FIXED)
                fc7[number, part[photo]] = plain(low[photo], FIXED).float()
            if below[number] is None:
                below[number] = torch.empty(n, *low.shape[1:], dtype=torch.bfloat16)
            below[number][part] = low
    return {"below": torch.stack(below), "fc7": fc7, "shades": shades}


def batch(things, seen, random):
    """Two views of each thing `[2 n, 32, ...]`, what the network made of them, the garments' likeness `[drawn, n]` and
    their patterns."""
    chosen = things.choose(random)
    photo = len(chosen) - DRAWN
    of = lambda name: seen[name][:, chosen].flatten(0, 1)
    garments = chosen[photo:] - things.photos
    same = lambda code: (code[:, None] == code[None]) & (code >= 0)
    shades = seen["shades"][chosen]
    shades = shades[photo:] @ shades.T
    like = LIKENESS["colours"] * (shades - shades.mean())
    for name in ("pattern", "print", "kind"):
        like[:, photo:] += LIKENESS[name] * same(getattr(things, name)[garments])
    return of("below"), of("fc7"), SAME_LABEL * same(things.label[chosen[:photo]]), like, things.pattern[garments]


def loss_of(fc7, before, head, label, like, pattern):
    """`fc7` and what it was `before`, of both views; the last DRAWN of each view are garments."""
    first, second = F.normalize(fc7, dim=1).chunk(2)
    n, photo = len(first), len(first) - len(like)
    then = F.normalize(before, dim=1).chunk(2)
    relation = F.pad((then[0][:photo] @ then[1][:photo].T / TEMPERATURE + label).softmax(1), (0, n - photo))
    own, like = torch.eye(n), (like / LIKENESS_TEMPERATURE).masked_fill(torch.eye(n)[photo:].bool(), -math.inf).softmax(1)
    share = lambda source, rows, others: SELF_SHARE[source] * rows + (1 - SELF_SHARE[source]) * others
    answer = torch.cat([share("photo", own[:photo], relation), share("drawn", own[photo:], like)])
    told = first @ second.T / TEMPERATURE
    contrast = -(answer * told.log_softmax(1)).sum(1).mean() - (answer * told.T.log_softmax(1)).sum(1).mean()
    real = (torch.arange(n) < photo).repeat(2)
    kept = (fc7 - before)[real].pow(2).sum(1).mean() / before[real].pow(2).sum(1).mean()
    length = fc7[~real].norm(dim=1) / before[real].norm(dim=1).mean()
    head_says = F.cross_entropy(head(fc7[~real]), pattern.repeat(2), label_smoothing=0.05)
    return {"kept": kept, "contrast": contrast / 2, "told": head_says, "uneven": (length - 1).pow(2).mean()}


def begin(options):
    """The network to go on from, folded, and its side."""
    if options.start:
        return shipped.load(options.start)
    state = torch.load(options.work / "checkpoint.pt")
    student = Student(state["side"])
    student.load_state_dict(state["student"])
    plain, x = Plain(student.eval()).eval(), torch.randn(4, 3, state["side"], state["side"])
    with torch.no_grad():
        worst = (plain(x) - student(x)).abs().max() / student(x).abs().max()
    assert worst < 1e-4, f"folding changed the network by {worst}"
    return plain, state["side"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--start", type=Path)
    options = parser.parse_args()
    things = Things(options.shared, options.work)
    plain, side = begin(options)
    plain = plain.to(memory_format=torch.channels_last)
    kept = options.work / "views.pt"
    if not kept.exists():
        drawings = torch.from_numpy(photos.prints(options.shared, 48)).permute(0, 3, 1, 2).contiguous()
        torch.save(see_all(things, plain, side, drawings), kept)
    seen = torch.load(kept, mmap=True)
    torch.manual_seed(SEED)
    head = nn.Linear(DIMS, len(things.pattern.unique()))
    checkpoint, step = options.work / "patterns.pt", 0
    parts = {"convolutions": plain.convolutions[FIXED:], "dense": plain.dense, "head": head}
    groups = [{"params": list(part.parameters()), "rate": RATES[name]} for name, part in parts.items()]
    optimiser = torch.optim.AdamW(groups, lr=0, betas=(0.9, 0.98), weight_decay=0)
    if checkpoint.exists():
        state = torch.load(checkpoint)
        step = state["step"]
        plain.load_state_dict(state["plain"])
        head.load_state_dict(state["head"])
        optimiser.load_state_dict(state["optimiser"])
    log = open(options.work / "patterns.jsonl", "a", encoding="utf-8")
    saved, started = time.time(), time.time()
    while step < STEPS:
        # Everything random in a step depends on its number alone, so a run that was stopped goes on as it would have.
        random = np.random.default_rng([SEED, step])
        for group in optimiser.param_groups:
            group["lr"] = group["rate"] * min(1, (step + 1) / WARM_UP) * (0.5 * (1 + math.cos(math.pi * step / STEPS)) + 0.01)
        x, before, label, like, pattern = batch(things, seen, random)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            chunks = x.contiguous(memory_format=torch.channels_last).split(CHUNK)
            fc7 = torch.cat([plain(chunk, FIXED) for chunk in chunks]).float()
        losses = loss_of(fc7, before, head, label, like, pattern)
        optimiser.zero_grad()
        sum(WEIGHTS[name] * loss for name, loss in losses.items()).backward()
        nn.utils.clip_grad_norm_([p for group in groups for p in group["params"]], 5.0)
        optimiser.step()
        step += 1
        if step == STEPS:  # weights between both (arXiv 2109.01903)
            old = dict(begin(options)[0].named_parameters())
            for name, value in plain.named_parameters():
                value.data = old[name].data.lerp(value.data, SHARE)
        if step % 10 == 0:
            figures = {name: round(value.item(), 4) for name, value in losses.items()}
            print(json.dumps({"step": step, **figures, "minutes": (time.time() - started) / 60}), file=log, flush=True)
        if step == STEPS or time.time() - saved > 60 * MINUTES_BETWEEN_CHECKPOINTS:
            state = {"step": step, "side": side, "plain": plain.state_dict(), "head": head.state_dict(),
                     "optimiser": optimiser.state_dict()}
            torch.save(state, checkpoint.with_suffix(".new"))
            os.replace(checkpoint.with_suffix(".new"), checkpoint)
            saved = time.time()


if __name__ == "__main__":
    main()
