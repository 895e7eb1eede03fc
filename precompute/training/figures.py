"""The figures of the model card: `python figures.py --work FOLDER --sample SAMPLE --program PROGRAM [--network ONNX]`.

vgg16-slim, compiled as it is shipped, beside a colour histogram, random weights, SqueezeNet 1.1, MobileNetV2, ResNet-50 and
the last two joined, on photos that were never trained on, all by the same code. SAMPLE is what `precompute sample
--count 600 --seed 7` draws, or another seed. Prints JSON. What the other networks make of the pictures is kept in the work folder. PROGRAM, `precompute` itself, says
what 8-bit weights change of the network in the file ONNX, which training leaves behind.
"""

import argparse
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import disturb
import photos
import shipped
from evaluate import distances, precision, recall
from student import Plain, Student
from teachers import DEVIATION, MEAN, NAMES, Teachers, joined

SEED = 5
ORIGINALS, COPIES, RECOLOURED = 500, 2, 20
HISTOGRAM_LEVELS = 4
METRICS = ("cosine", "euclidean", "manhattan")
RANDOM_SIDE = 128


def embedder(plain, side):
    """A function from a picture to the embedding."""

    def embed(picture):
        pixels = np.asarray(picture.resize((side, side), Image.BILINEAR), np.float32)
        x = torch.tensor(((pixels / 255 - MEAN) / DEVIATION).transpose(2, 0, 1)[None])
        return plain(x).detach().numpy()[0]

    return embed


def histogram(picture):
    levels = np.asarray(picture).reshape(-1, 3) // (256 // HISTOGRAM_LEVELS)
    bins = levels @ np.array([HISTOGRAM_LEVELS**2, HISTOGRAM_LEVELS, 1])
    return np.bincount(bins, minlength=HISTOGRAM_LEVELS**3).astype(np.float32) / len(levels)


def random_network():
    torch.manual_seed(SEED)
    return embedder(Plain(Student(RANDOM_SIDE).eval()).eval(), RANDOM_SIDE)


def pictures(shared, sample):
    """Every picture that is measured with, by set, and what is known of them."""
    paths, kinds, groups, held_out = photos.catalogue(shared)
    numbers = np.flatnonzero(held_out)
    kinds, groups = np.array(kinds)[numbers], np.array(groups)[numbers]
    clothes = [Image.open(paths[number]).convert("RGB") for number in numbers]
    shelf, _, unseen = photos.groceries(shared)
    places = [Image.open(shelf[number]).convert("RGB") for number in np.flatnonzero(unseen)[::11]]
    originals = np.random.default_rng(SEED).permutation(len(clothes))[:ORIGINALS]
    copies = []
    for original in originals:
        for copy in range(COPIES):
            random = np.random.default_rng([SEED, int(original), copy])
            copies.append(disturb.disturbed(clothes[original], places[random.integers(len(places))].copy(), random))
    dyed = [disturb.recoloured(photo, np.random.default_rng([SEED, number, 9])) for number, photo in enumerate(clothes)]
    items = photos.rows(Path(sample) / "items.csv")
    drawn = [Image.open(Path(sample) / "photos" / f"{item['id']}.jpg").convert("RGB") for item in items]
    sets = {"clothes": clothes, "copies": copies, "dyed": dyed, "drawn": drawn}
    return sets, kinds, groups, np.repeat(originals, COPIES), items


def among_dyed(vectors, own, kinds):
    """recall@1 and @5 of copies among all photos and RECOLOURED recoloured ones of the original's kind, its own in it."""
    found = []
    for copy, original in enumerate(own):
        same = np.flatnonzero(kinds == kinds[original])
        others = np.random.default_rng([SEED, copy, 3]).permutation(same[same != original])[:RECOLOURED - 1]
        gallery = torch.cat([vectors["clothes"], vectors["dyed"][[original, *others]]])
        found.append(recall(vectors["copies"][copy:copy + 1], gallery, torch.tensor([original])))
    return {depth: float(np.mean([share[depth] for share in found])) for depth in found[0]}


def alike(vectors, items, column):
    """Of drawn garments that have a value in `column`: the share of the 5 nearest that have the same."""
    values = np.array([item[column] for item in items])
    far = distances(vectors, vectors, "cosine")
    far.fill_diagonal_(torch.inf)
    nearest = far.argsort(dim=1, stable=True)[:, :5].numpy()
    asked = (values != "") & (values != "none")
    return float((values[nearest] == values[:, None])[asked].mean())


def agreement(program, network, paths, work):
    """The share of each photo's 10 nearest by f32 weights that 8-bit weights find too, and the least cosine."""
    vectors = {}
    catalogue = work / "held-out"
    shutil.rmtree(catalogue, ignore_errors=True)
    catalogue.mkdir()
    for path in paths:
        shutil.copy(path, catalogue)
    for weights in ("f32", "int8"):
        compiled, out, array = work / f"slim-{weights}", work / f"folder-{weights}", work / f"slim-{weights}.npy"
        for command in (["model", "compile", network, "--preprocessing", "torch", "--weights", weights, "-o", compiled],
                        ["build", catalogue, "--model", compiled, "--out", out, "--no-thumbnails", "--images", "/"],
                        ["export", out, "--npy", array]):
            subprocess.run([str(part) for part in (program, *command)], check=True, stdout=subprocess.DEVNULL)
        vectors[weights] = torch.from_numpy(np.load(array))
    report = {}
    for metric in METRICS:
        nearest = {}
        for weights, of in vectors.items():
            far = distances(of, of, metric)
            far.fill_diagonal_(torch.inf)
            nearest[weights] = far.topk(10, largest=False).indices.numpy()
        pairs = zip(nearest["f32"], nearest["int8"])
        report[metric] = float(np.mean([len(np.intersect1d(*pair)) / 10 for pair in pairs]))
    cosine = torch.nn.functional.cosine_similarity(vectors["f32"], vectors["int8"])
    return {"agreement@10": report, "least_cosine": float(cosine.min()), "mean_cosine": float(cosine.mean())}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--network", type=Path)
    parser.add_argument("--sample", type=Path, required=True)
    parser.add_argument("--program", type=Path, required=True)
    options = parser.parse_args()
    sets, kinds, groups, own, items = pictures(options.shared, options.sample)
    stack = lambda function, set_: np.stack([function(picture) for picture in set_]).astype(np.float32)
    vectors = {"colour histogram": {name: stack(histogram, set_) for name, set_ in sets.items()}}
    embed = random_network()
    vectors["random weights"] = {name: stack(embed, set_) for name, set_ in sets.items()}
    embed = embedder(*shipped.load(Path(__file__).parent.with_name("vgg16-slim")))
    ours = {name: stack(embed, set_) for name, set_ in sets.items()}
    kept = options.work / f"figures-peers-{options.sample.name}.npz"
    names = ("squeezenet1.1", *NAMES)
    if not kept.exists():
        peers = Teachers(options.shared, names)
        made = {}
        for name, set_ in sets.items():
            found = [peers.features(picture) for picture in set_]
            made |= {f"{peer}/{name}": np.stack([features[peer] for features in found]) for peer in names}
        np.savez(kept, **made)
    made = np.load(kept)
    vectors |= {peer: {name: made[f"{peer}/{name}"].astype(np.float32) for name in sets} for peer in names}
    vectors["joined"] = {name: joined({peer: made[f"{peer}/{name}"].astype(np.float32) for peer in NAMES}) for name in sets}
    vectors["vgg16-slim"] = ours

    report = {}
    for name, of_set in vectors.items():
        of_set = {key: torch.from_numpy(value) for key, value in of_set.items()}
        report[name] = {
            "dims": of_set["clothes"].shape[1],
            "precision": {metric: precision(of_set["clothes"], kinds, groups, metric) for metric in METRICS},
            "copies": recall(of_set["copies"], of_set["clothes"], torch.from_numpy(own)),
            "copies_among_dyed": among_dyed(of_set, own, kinds),
            "sample": {column: alike(of_set["drawn"], items, column) for column in ("print", "pattern", "colour")},
        }
        print(json.dumps({name: report[name]}), flush=True)
    if options.network and options.network.exists():
        paths, _, _, held_out = photos.catalogue(options.shared)
        paths = [paths[number] for number in np.flatnonzero(held_out)]
        report["8-bit weights"] = agreement(options.program, options.network, paths, options.work)
        print(json.dumps({"8-bit weights": report["8-bit weights"]}), flush=True)
    else:
        print("skipped: what 8-bit weights change, since the network before that is not there")
    (options.work / "figures.json").write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
