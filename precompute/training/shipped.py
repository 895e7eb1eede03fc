"""The compiled network that is shipped, read by the specification of its files (`src/network/description.rs`)."""

import json
from pathlib import Path

import numpy as np
import torch

from student import Plain, Student


def tensors(folder):
    """f32 arrays in the description's order, 8-bit weights as the numbers they stand for."""
    folder = Path(folder)
    description = json.loads((folder / "network.json").read_text())
    stored = b"".join((folder / part["path"]).read_bytes() for part in description["parts"])
    decoded, at = [], 0

    def take(count, kind):
        nonlocal at
        values = np.frombuffer(stored, kind, count, at)
        at += values.nbytes
        return values

    for entry in description["tensors"]:
        shape, encoding = entry["shape"], entry["encoding"]
        count, rows = int(np.prod(shape)), shape[0]
        if encoding in ("f32", "f16"):
            values = take(count, {"f32": "<f4", "f16": "<f2"}[encoding]).astype(np.float32)
        elif encoding == "int8":
            scales = take(rows, "<f4")
            values = take(count, "i1").reshape(rows, -1) * scales[:, None]
        else:
            heads = take(rows, [("scale", "<f4"), ("place", "<u4"), ("weight", "<f4")])
            values = take(count, "i1").reshape(rows, -1) * heads["scale"][:, None]
            values[np.arange(rows), heads["place"]] = heads["weight"]
        decoded.append(torch.tensor(values.reshape(shape)))
    assert at == len(stored)
    return decoded


def load(folder):
    """The network, and the side of its input."""
    side = json.loads((Path(folder) / "network.json").read_text())["preprocessing"]["height"]
    plain = Plain(Student(side).eval()).eval()
    layers = [*plain.convolutions, *plain.dense]
    for number, (weight, bias) in enumerate(zip(*[iter(tensors(folder))] * 2, strict=True)):
        layers[number].weight.data, layers[number].bias.data = weight, bias
    return plain, side
