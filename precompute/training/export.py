"""The trained network as ONNX: `python export.py --shared SHARED --work FOLDER --out NETWORK.onnx`.

The dense layers of appearance and semantics are principal axes of photos of clothes, groceries and things, none of them held out.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import composites
import network
import photos
import prints

SEED = 3
THINGS, GROCERIES = 1400, 500


def general_photos(shared):
    random = np.random.default_rng(SEED)
    paths, _, fifths, _ = prints.shirts(shared)
    clothes = [paths[n] for n in np.flatnonzero(~np.isin(fifths, (prints.CHOOSE_FIFTH, prints.REPORT_FIFTH)))]
    things = photos.rows(f"{shared}/train/caltech101.csv")
    groceries, _, held_out = photos.groceries(shared)
    groceries = [groceries[n] for n in np.flatnonzero(~held_out)]
    some = [f"{shared}/train/caltech101/{things[n]['file']}" for n in random.choice(len(things), THINGS, replace=False)]
    return [*clothes, *some, *(groceries[n] for n in random.choice(len(groceries), GROCERIES, replace=False))]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    shared_layers, semantic = network.Shared(options.shared).eval(), network.blocks(options.shared)[network.SHARED_BLOCKS :].eval()
    tower = network.Tower(options.shared).eval()
    tower.load_state_dict(torch.load(options.work / "tower.pt")["averaged"])
    paths = general_photos(options.shared)
    taps, means = [], []
    for start in range(0, len(paths), composites.TOGETHER):
        some = paths[start : start + composites.TOGETHER]
        with torch.inference_mode():
            pictures = network.inputs([Image.open(path).convert("RGB") for path in some])
            x, tapped = shared_layers(network.whole_view(pictures))
            for block in semantic:
                x = block(x)
            taps.append([tap.numpy() for tap in tapped])
            means.append(x.mean((2, 3)).numpy())
    taps = [np.concatenate(layer) for layer in zip(*taps)]
    whole = network.Network(options.shared, tower, taps, np.concatenate(means)).eval()
    example = torch.zeros(1, 3, network.SIDE, network.SIDE)
    names = {"input_names": ["input"], "output_names": ["features"]}
    torch.onnx.export(whole, example, options.out, opset_version=13, dynamo=False, **names)


if __name__ == "__main__":
    main()
