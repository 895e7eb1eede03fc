"""Which kind of garment a photo shows, by what the teachers make of it: probabilities, `[n, kinds]`.

The teachers' vectors hold the kind better than the distances between them tell. A small network is fitted to them; a
photo's probabilities are from networks that did not see its photographer, so that they say how kinds run into one another
and do not just repeat the label.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from photos import fifths

SEEDS = (1, 2)
STEPS, BATCH = 600, 256
WIDTH, AXES = 512, 768
SCALE = 10  # of the unit vectors going in


def kinds(vectors, rows):
    """`vectors` f32 `[n, dims]` of all rows, none of them held out; rows that are not of the catalogue have all zeros."""
    numbers = np.array([number for number, row in enumerate(rows) if row["source"] == "catalogue"])
    names, labels = np.unique([rows[number]["kind"] for number in numbers], return_inverse=True)
    fold = fifths([rows[number]["group"] for number in numbers])
    x = torch.tensor(vectors[numbers])
    _, _, axes = torch.pca_lowrank(x, q=AXES, center=False, niter=3)
    x = F.normalize(x @ axes, dim=1) * SCALE
    told = torch.zeros(len(rows), len(names))
    for part in np.unique(fold):
        seen, unseen = np.flatnonzero(fold != part), np.flatnonzero(fold == part)
        fitted = [fit(x[seen], torch.tensor(labels[seen]), len(names), seed)(x[unseen]) for seed in SEEDS]
        told[numbers[unseen]] = torch.stack([f.log_softmax(1) for f in fitted]).mean(0).softmax(1).detach()
    own = torch.zeros_like(told)
    own[numbers, torch.tensor(labels)] = 1
    return (told + own) / 2


def fit(x, labels, count, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(x.shape[1], WIDTH), nn.ReLU(), nn.Dropout(0.5), nn.Linear(WIDTH, count))
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.1)
    share = labels.bincount().float().clamp_min(1).rsqrt()[labels]
    for _ in range(STEPS):
        chosen = torch.multinomial(share, BATCH)
        loss = F.cross_entropy(model(x[chosen]), labels[chosen], label_smoothing=0.1)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model.eval()
