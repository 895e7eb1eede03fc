"""Trains vgg16-slim: `python train.py --shared ../shared --work FOLDER [--start COMPILED]`, stopped and started again at will.

A batch is a few hundred things, each seen twice. The network's fc7, to unit length, must tell from the one view which
thing is the other's; half of what it says must go to that thing itself (instance contrast, arXiv 2002.05709), the other
half to the other things in the batch as they are like it. How alike two things are is said by the teachers (relational
distillation, arXiv 1904.05068), by their colours, and by what is known of them: kind, product, print (supervised
contrast, arXiv 2004.11362). Beside that, a linear head that is dropped afterwards must tell the teachers' vector itself
(arXiv 2106.05237), the kind and the colours, which carry more than the batch can ask for.

The input grows on the way, since at 64x64 pixels six times as much is seen in the same time as at 160x160. With `--start` a
compiled network learns on at its own size.
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

import material
import photos
import probe
import shipped
import views
from evaluate import watch
from student import DIMS, Student
from teachers import joined

SEED = 16
STAGES = ((64, 1600), (96, 450), (128, 1450))  # side of the input, batches
CATALOGUE, TWINS, DRAWN, GROCERIES = 120, 24, 72, 40  # things in a batch; twins are recoloured copies of the first of it
PAIRS = 18  # of drawn garments with the same print
PRINTS = 16  # drawings that a batch prints on photos of the catalogue, so that several get the same
# Batches and the rate each cycle begins at; it falls as a cosine (arXiv 1608.03983). To go on, add a cycle and batches.
CYCLES = ((2340, 2e-3), (950, 6e-4), (210, 4e-4))
GO_ON = ((700, 8e-4), (160, 5e-4), (90, 4e-4))  # the same of a network that learns on
WARM_UP, DECAY = 100, 0.03
SELF_SHARE = {"photo": 0.3, "drawn": 0.2}  # of a thing's answer that belongs to itself
LIKENESS = {"teachers": 1.0, "colours": 0.4, "kind": 0.65, "drawn_kind": 0.15, "pattern": 1.8, "product": 0.6, "print": 2.0}
MOST_ALIKE = 0.6  # to the teachers a recoloured copy is the thing itself; it must not take all of the other half
LIKENESS_TEMPERATURE, TEMPERATURE = 0.15, 0.07
# How unlike the thing its two views are; a stronger one hides the faint patterns of drawn cloth. Of those some stay as they are.
STRENGTHS = {"photo": ((0, 0.5), (1, 1)), "drawn": ((0, 0.3), (0.3, 0.8))}
STILL = 0.5
VIEWED = 16  # things whose views are made at once: more would not fit the cache
CHUNK = 64  # views at once: what they leave behind in a layer fits the cache; batch statistics are those of a chunk
TOLD = {"teachers": 2.0, "kind": 0.6, "colours": 0.4}  # weights of what the head must tell
LENGTH = 1.0  # weight of fc7's length staying the same
PRINTABLE = {"T-Shirt", "Longsleeve", "Hoodie", "Polo", "Undershirt", "Top", "Dress", "Body", "Outwear", "Hat"}
MINUTES_BETWEEN_CHECKPOINTS = 5


class Things:
    """Everything there is to learn from, at the size of one stage."""

    def __init__(self, work, side):
        pictures, rows, features = material.read(work)
        self.learnt = np.array([number for number, row in enumerate(rows) if not row["held_out"]])
        rows = [rows[number] for number in self.learnt]
        stored = min(photos.SIDE, round(side * 1.375))
        self.pictures = torch.stack([shrink(pictures[number], stored) for number in self.learnt])
        teachers = joined({name: values[self.learnt] for name, values in features.items() if name in features})
        teachers = teachers - teachers[[row["source"] != "drawn" for row in rows]].mean(0)
        self.kinds = probe.kinds(teachers, rows).sqrt()
        # The 512 strongest directions hold nearly all of it and are what the head has to tell.
        _, _, axes = torch.pca_lowrank(torch.tensor(teachers), q=DIMS, center=False, niter=3)
        self.teachers = F.normalize(torch.tensor(teachers) @ axes, dim=1)
        self.source = np.array([row["source"] for row in rows])
        number_of = {}
        code = lambda row, key: -1 if row.get(key, -1) == -1 else number_of.setdefault((key, row[key]), len(number_of))
        self.kind, self.product, self.print, self.pattern = (
            torch.tensor([code(row, key) for row in rows]) for key in ("kind", "product", "print", "pattern"))
        garments = np.flatnonzero(self.source == "drawn")
        of_print = self.print[garments].numpy()
        self.same_print = [garments[of_print == number] for number in np.unique(of_print[of_print >= 0])]
        self.same_print = [numbers for numbers in self.same_print if len(numbers) > 1]
        self.printable = torch.tensor([row["source"] == "catalogue" and row["kind"] in PRINTABLE for row in rows])
        # Rare kinds come more often: by the square root of how many there are.
        kinds, count = np.unique([row.get("kind", "") for row in rows], return_counts=True)
        of = dict(zip(kinds, count))
        self.weight = np.array([of[row.get("kind", "")] ** -0.5 for row in rows])

    def choose(self, random):
        """Numbers of a batch's things; the last TWINS are the first again."""
        chosen = []
        for source, count in (("catalogue", CATALOGUE), ("drawn", DRAWN), ("grocery", GROCERIES)):
            numbers = np.flatnonzero(self.source == source)
            share = self.weight[numbers] if source == "catalogue" else np.ones(len(numbers))
            chosen.append(random.choice(numbers, count, replace=False, p=share / share.sum()))
            if source == "drawn":
                for pair, drawing in enumerate(random.choice(len(self.same_print), PAIRS, replace=False)):
                    chosen[-1][2 * pair:2 * pair + 2] = random.choice(self.same_print[drawing], 2, replace=False)
        return torch.tensor(np.concatenate([*chosen, chosen[0][:TWINS]]))


def shrink(picture, side):
    picture = torch.from_numpy(np.array(picture)).permute(2, 0, 1)
    if picture.shape[1] == side:
        return picture
    small = F.interpolate(picture[None].float(), size=(side, side), mode="bilinear", antialias=True)
    return small[0].round().clamp(0, 255).byte()


def likeness(things, chosen, drawing, colours):
    """How alike the things of a batch are, `[n, n]`."""
    same = lambda code: (code[:, None] == code[None]) & (code[:, None] >= 0)
    teachers, drawn = things.teachers[chosen], torch.tensor(things.source[chosen] == "drawn")
    kinds = things.kinds[chosen]
    shades = colours @ colours.T
    return (LIKENESS["teachers"] * (teachers @ teachers.T).clamp(max=MOST_ALIKE)
            + LIKENESS["colours"] * (shades - shades.mean())
            + LIKENESS["kind"] * (kinds @ kinds.T)
            + LIKENESS["drawn_kind"] * ((drawn[:, None] | drawn[None]) & same(things.kind[chosen]))
            + LIKENESS["pattern"] * same(things.pattern[chosen])
            + LIKENESS["product"] * same(things.product[chosen])
            + LIKENESS["print"] * same(drawing))


def batch(things, random, drawings, side):
    """Two views of each thing, what each should answer, and what the head should tell of it, by name."""
    chosen = things.choose(random)
    n = len(chosen)
    twin, drawn = torch.arange(n) >= n - TWINS, torch.tensor(things.source[chosen] == "drawn")
    printed = things.printable[chosen] & views.chance(n, 0.35)
    choice = torch.from_numpy(random.choice(random.integers(len(drawings), size=PRINTS), n))
    seen, colours = torch.empty(2, n, 3, side, side), torch.empty(n, views.BINS**3)
    for part in torch.from_numpy(random.permutation(n)).split(VIEWED):
        pictures = things.pictures[chosen[part]].float() / 255
        x, alpha = pictures[:, :3], pictures[:, 3:]
        x = views.recolour(x, twin[part] | (views.chance(len(part), 0.15) & ~drawn[part]))
        x = views.print_on(x, drawings[choice[part]].float() / 255, printed[part])
        colours[part] = views.colours(x, alpha)
        for number, (photo, garment) in enumerate(zip(STRENGTHS["photo"], STRENGTHS["drawn"])):
            strength = torch.where(drawn[part], *(views.uniform(len(part), *range_) for range_ in (garment, photo)))
            view = views.see(x, alpha, side, strength)
            if number == 0:
                still = drawn[part] & views.chance(len(part), STILL)
                view[still] = views.still(x, alpha, side)[still]
            seen[number, part] = views.normalised(view)
    drawing = torch.where(printed, choice + 10**6, things.print[chosen])
    like = likeness(things, chosen, drawing, colours)
    like.fill_diagonal_(-math.inf)
    own = torch.where(drawn, SELF_SHARE["drawn"], SELF_SHARE["photo"])[:, None]
    answer = own * torch.eye(n) + (1 - own) * (like / LIKENESS_TEMPERATURE).softmax(1)
    # The teachers saw no print and no other colour, and know no kind where there is none.
    tell = {"teachers": things.teachers[chosen] * ~(printed | twin)[:, None], "kind": things.kinds[chosen], "colours": colours}
    return seen.flatten(0, 1), answer, tell


def loss_of(fc7, head, answer, tell):
    first, second = F.normalize(fc7, dim=1).chunk(2)
    told = first @ second.T / TEMPERATURE
    contrast = -(answer * told.log_softmax(1)).sum(1).mean() - (answer * told.T.log_softmax(1)).sum(1).mean()
    told = head(fc7).split([values.shape[1] for values in tell.values()], dim=1)
    distillation = 0
    for (name, values), out in zip(tell.items(), told):
        alike = (F.normalize(out, dim=1).view(2, *values.shape) * values).sum(2)
        distillation = distillation + TOLD[name] * (values.norm(dim=1) - alike).mean()
    length = fc7.norm(dim=1)
    uneven = (length / length.detach().pow(2).mean().sqrt() - 1).pow(2).mean()
    return contrast / 2, distillation, uneven


def learning_rate(step, cycles):
    begin = 0
    for steps, rate in cycles:
        if step < begin + steps:
            break
        begin += steps
    if step < WARM_UP:
        return rate * (step + 1) / WARM_UP
    return rate * (0.5 * (1 + math.cos(math.pi * (step - begin) / steps)) * 0.98 + 0.02)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="a compiled network to go on from, where the work folder has no checkpoint")
    options = parser.parse_args()
    material.make(options.shared, options.work)
    drawings = torch.from_numpy(photos.prints(options.shared, 48)).permute(0, 3, 1, 2).contiguous()
    stages, cycles, plain = STAGES, CYCLES, None
    if options.start:
        plain, size = shipped.load(options.start)
        stages, cycles = ((size, sum(count for count, _ in GO_ON)),), GO_ON
    steps, step = sum(count for _, count in stages), 0
    assert steps == sum(count for count, _ in cycles)
    checkpoint = options.work / "checkpoint.pt"
    side, student, head = None, Student(stages[0][0]), None
    state = torch.load(checkpoint) if checkpoint.exists() else None
    if state:
        step = state["step"]
    log = open(options.work / "log.jsonl", "a", encoding="utf-8")
    saved, started = time.time(), time.time()
    while step < steps:
        ends = np.cumsum([count for _, count in stages])
        stage = int(np.searchsorted(ends, step, side="right"))
        if side != stages[stage][0]:
            side = stages[stage][0]
            things = Things(options.work, side)
            if not head:
                head = nn.Linear(DIMS, DIMS + things.kinds.shape[1] + views.BINS**3)
            student.grow(state["side"] if state else side)
            if state:
                student.load_state_dict(state["student"])
                head.load_state_dict(state["head"])
                student.grow(side)
            student = student.to(memory_format=torch.channels_last)
            weights = [p for m in (student, head) for p in m.parameters()]
            matrices = [p for p in weights if p.ndim > 1]
            groups = [{"params": matrices, "weight_decay": DECAY},
                      {"params": [p for p in weights if p.ndim == 1], "weight_decay": 0.0}]
            optimiser = torch.optim.AdamW(groups, lr=cycles[0][1], betas=(0.9, 0.98))
            if state and state["side"] == side:
                optimiser.load_state_dict(state["optimiser"])
            state = None
        # Everything random in a step depends on its number alone, so a run that was stopped goes on as it would have.
        random = np.random.default_rng([SEED, step])
        torch.manual_seed(SEED * 1_000_003 + step)
        if plain and step == 0:
            x = torch.cat([batch(things, random, drawings, side)[0] for _ in range(2)])
            student.begin_as(plain, x.contiguous(memory_format=torch.channels_last))
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, cycles)
        x, answer, tell = batch(things, random, drawings, side)
        student.train()
        mixed = torch.randperm(len(x))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            chunks = x[mixed].contiguous(memory_format=torch.channels_last).split(CHUNK)
            fc7 = torch.cat([student(chunk) for chunk in chunks])[mixed.argsort()]
        contrast, distillation, uneven = loss_of(fc7.float(), head, answer, tell)
        loss = contrast + distillation + LENGTH * uneven
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 5.0)
        optimiser.step()
        step += 1
        last = step == steps or step in ends
        if step % 20 == 0:
            figures = {"step": step, "side": side, "contrast": contrast.item(), "distillation": distillation.item(),
                       "uneven": uneven.item(), "minutes": (time.time() - started) / 60}
            print(json.dumps(figures), file=log, flush=True)
        if last or time.time() - saved > 60 * MINUTES_BETWEEN_CHECKPOINTS:
            state = {"step": step, "side": side, "student": student.state_dict(), "head": head.state_dict(),
                     "optimiser": optimiser.state_dict()}
            torch.save(state, checkpoint.with_suffix(".new"))
            os.replace(checkpoint.with_suffix(".new"), checkpoint)
            if last:
                torch.save(state, options.work / f"stage-{side}.pt")
            print(json.dumps({"step": step, **watch(student, options.work, side)}), file=log, flush=True)
            state, saved = (state if last else None), time.time()


if __name__ == "__main__":
    main()
