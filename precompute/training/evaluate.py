"""How good a network is, on photos it was never trained on."""

import numpy as np
import torch
import torch.nn.functional as F

import material
import views
from student import DIMS

SEED = 5
COPIES = 400


def distances(queries, gallery, metric):
    """`[queries, gallery]`, smaller is nearer."""
    if metric == "cosine":
        return -F.normalize(queries, dim=1) @ F.normalize(gallery, dim=1).T
    return torch.cdist(queries, gallery, p={"euclidean": 2, "manhattan": 1}[metric])


def precision(vectors, labels, groups, metric, depths=(1, 5, 10)):
    """The macro average over labels of the share of the k nearest that have the query's label, its own group left out."""
    far = distances(vectors, vectors, metric)
    far[torch.from_numpy(groups[:, None] == groups[None])] = torch.inf
    nearest = far.argsort(dim=1, stable=True)[:, :max(depths)].numpy()
    hit = labels[nearest] == labels[:, None]
    return {k: float(np.mean([hit[labels == label, :k].mean() for label in np.unique(labels)])) for k in depths}


def recall(copies, gallery, own, metric="cosine", depths=(1, 5)):
    """The share of copies that have their original, number `own` of the gallery, among the k nearest."""
    far = distances(copies, gallery, metric)
    rank = (far < far.gather(1, own.view(-1, 1))).sum(1)
    return {k: float((rank < k).float().mean()) for k in depths}


@torch.no_grad()
def embed(student, x):
    student.eval()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        batches = [student(part.contiguous(memory_format=torch.channels_last)).float() for part in x.split(128)]
    return torch.cat(batches).view(-1, DIMS)


def watch(student, work, side):
    """A few figures to follow training by: cheap, and on views of the kind that is trained with."""
    pictures, rows, _ = material.read(work, ("photos",))
    at = lambda numbers, side: F.interpolate(
        torch.from_numpy(pictures[numbers][..., :3]).permute(0, 3, 1, 2).float() / 255,
        size=(side, side), mode="bilinear", antialias=True)
    held_out = lambda source: np.array(
        [number for number, row in enumerate(rows) if row["source"] == source and row["held_out"]])
    clothes, shelf = held_out("catalogue"), held_out("grocery")
    labels, groups = (np.array([rows[number][key] for number in clothes]) for key in ("kind", "group"))
    vectors = embed(student, views.normalised(at(clothes, side)))
    figures = {metric: round(precision(vectors, labels, groups, metric)[5], 4)
               for metric in ("cosine", "euclidean", "manhattan")}
    torch.manual_seed(SEED)
    chosen = np.random.default_rng(SEED).permutation(len(clothes))[:COPIES]
    large = at(clothes[chosen], round(side * 1.375))
    copies = views.see(large, torch.ones_like(large[:, :1]), side, 1.0)
    found = recall(embed(student, views.normalised(copies)), vectors, torch.from_numpy(chosen))
    products = np.array([rows[number]["product"] for number in shelf])
    same = precision(embed(student, views.normalised(at(shelf, side))), products, np.arange(len(shelf)), "cosine")
    return {"precision@5": figures, "copies": found, "groceries": same}
