"""The codes beside FAISS's quantisers, on the embeddings that three networks make of the catalogue: `codes.py --work FOLDER --out FILE
--shared ../shared --program PRECOMPUTE --widget WIDGET`. Writes FILE and prints it; goes on where it was stopped.

recall@10 is the share of a product's ten nearest in full precision (scikit-learn, itself left out) that are among its ten
nearest by the codes, asked for by its full-precision embedding: of every product by our codes (`precompute eval`), of every
fourth by FAISS's. One code serves all three metrics. Quantisers are trained on the vectors they code, as our codes are. What they
make is decoded and searched whole, which for euclidean distance is what their own search amounts to (queries in full
precision, too), and for manhattan the only way.

Beside the bytes of a product stands what a shopper loads with them, once: our codebook; of FAISS the trained index as it is
saved. Additive quantisers have larger codebooks than there are vectors here and learn them by heart; "held_out" is what they
find when they are trained on half of the vectors and code the other half. "copies" is all the same on COPIES disturbed copies of
the default network's embeddings (`million.py`), of which they learn less by heart; fewer products ask.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import faiss
import numpy as np
from sklearn.metrics import pairwise_distances

import million
import scan

DEPTH = 10
METRICS = ("cosine", "euclidean", "manhattan")
NETWORKS = ("slim", "mobilenetv2", "resnet50")
# By bytes a product, as FAISS's index factory spells them. Additive quantisers of 64 or 128 codebooks want the space cut down
# first, or a pass takes an hour: 512 components are as many as the codes have axes.
QUANTISERS = {
    128: {"PCA + SQ8": "PCA128,SQ8", "PCA + SQ4": "PCA256,SQ4", "PQ": "PQ128np", "OPQ": "OPQ128_512,PQ128np",
          "RQ": "PCA512,RQ128x8", "PRQ": "PCA512,PRQ16x8x8", "PLSQ": "PCA512,PLSQ16x8x8"},
    64: {"PCA + SQ8": "PCA64,SQ8", "PCA + SQ4": "PCA128,SQ4", "PQ": "PQ64np", "OPQ": "OPQ64_512,PQ64np",
         "RQ": "PCA512,RQ64x8", "PRQ": "PCA512,PRQ8x8x8", "PLSQ": "PCA512,PLSQ8x8x8"},
    384: {"PCA + SQ8": "PCA384,SQ8", "PCA + SQ6": "PCA512,SQ6"},
}
ADDITIVE = ("RQ", "PRQ", "PLSQ")
OPQ_ROUNDS = 8  # of 50, each of which takes seconds
LSQ_ROUNDS = 6, 4, 8
EVERY = 4  # which products ask FAISS
COPIES, ASKING = 49_152, 512
OF_COPIES = ("PCA + SQ8", "PQ", "OPQ", "RQ")  # the others take longer than all the rest, and find less


def lines_of(command):
    return json.loads(subprocess.check_output([str(part) for part in command]))


def embeddings(name, options):
    """The folder of the catalogue by one network as the program makes it now, and its embeddings in full precision."""
    folder, npy, network = options.work / name, options.work / f"{name}.npy", name
    if name != "slim":
        network = options.work / f"{name}.network"
        if not network.exists():
            compile_ = [options.program, "model", "compile", options.shared / "models" / f"{name}.onnx"]
            subprocess.run([*compile_, "--output", "features", "-o", network], check=True, stdout=subprocess.DEVNULL)
    build = [options.program, "build", options.shared / "catalog/images", "--out", folder, "--model", network, "--adapt", "off", "--no-thumbnails"]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([options.program, "export", folder, "--npy", npy], check=True)
    return folder, np.load(npy)


def nearest(vectors, coded, metric, every=EVERY):
    """Of every so many of `vectors` the ten nearest of `coded`, but for the one of the same number."""
    distances = pairwise_distances(vectors[::every], coded, metric=metric)
    asking = np.arange(0, len(vectors), every)
    distances[np.arange(len(asking)), asking] = np.inf
    return np.argpartition(distances, DEPTH, axis=1)[:, :DEPTH]


def recall(found, exact):
    return sum(len(set(a) & set(b)) for a, b in zip(found.tolist(), exact.tolist())) / exact.size


def ours(folder, options):
    """What the program says of its codes: of the folder's, 128 bytes, and of half as many, alone and refined."""
    labels = f"{options.shared / 'catalog/items.csv'}:label"
    report = lines_of([options.program, "eval", folder, "--labels", labels, "--codes", "64", "--json"])
    names = ("codes, 128", "refined, 128 + 256", "codes, 64", "refined, 64 + 256")
    codebook = {"codebook_bytes": report["codec_bytes"]}
    return {name: {"bytes": line["bytes"], **codebook, **line["recall_at_10"]} for name, line in zip(names, report["codes"])}


def quantiser(spec, dims):
    """An untrained index, with what keeps additive ones within minutes."""
    index = faiss.index_factory(dims, spec)
    if not isinstance(index, faiss.IndexPreTransform):
        return index
    inner, before = faiss.downcast_index(index.index), faiss.downcast_VectorTransform(index.chain.at(0))
    if isinstance(before, faiss.OPQMatrix):
        before.niter = OPQ_ROUNDS
    if isinstance(inner, faiss.IndexResidualQuantizer):
        # With a beam, and with its tables of 32,768 x 32,768 products (4 GB), it would take hours.
        inner.rq.train_type = faiss.ResidualQuantizer.Skip_codebook_tables
        inner.rq.max_beam_size = 1
    if isinstance(inner, faiss.IndexProductLocalSearchQuantizer):
        # Of 25, 8 and 16 rounds, which take several times as long.
        for part in range(inner.plsq.nsplits):
            search = faiss.downcast_AdditiveQuantizer(inner.plsq.subquantizer(part))
            search.train_iters, search.train_ils_iters, search.encode_ils_iters = LSQ_ROUNDS
    return index


def trained(spec, learnt, vectors, exact, every=EVERY):
    """A quantiser trained on `learnt`, and its recall among `vectors` by metric."""
    index = quantiser(spec, vectors.shape[1])
    index.train(np.ascontiguousarray(learnt))
    coded = index.sa_decode(index.sa_encode(np.ascontiguousarray(vectors)))
    return index, {metric: recall(nearest(vectors, coded, metric, every), exact[metric]) for metric in METRICS}


def theirs(name, vectors, quantisers, options, every=EVERY):
    """Each quantiser's recall by metric."""
    half = vectors[::2]
    exact, exact_of_half = ({metric: nearest(of, of, metric, every) for metric in METRICS} for of in (vectors, half))
    kept = options.work / f"{name}.faiss.json"
    found = json.loads(kept.read_text()) if kept.exists() else {}
    for bytes_, specs in quantisers.items():
        for kind, spec in specs.items():
            if f"{kind}, {bytes_}" in found:
                continue
            started = time.perf_counter()
            index, figures = trained(spec, vectors, vectors, exact, every)
            line = {"bytes": index.sa_code_size(), "codebook_bytes": len(faiss.serialize_index(index)), **figures}
            if kind in ADDITIVE:
                line["held_out"] = trained(spec, vectors[1::2], half, exact_of_half, every)[1]
            line |= {"spec": spec, "seconds": round(time.perf_counter() - started, 1)}
            assert line["bytes"] <= bytes_, spec
            found[f"{kind}, {bytes_}"] = line
            kept.write_text(json.dumps(found))
            print(json.dumps({name: line}), file=sys.stderr, flush=True)
    return {f"FAISS {kind}": line for kind, line in found.items()}


def copies(options):
    """The embeddings of COPIES products, and what our codes of them find."""
    work = options.work / "copies"
    records, header, name = million.real(options.program, options.shared, work)
    photos, folder, npy = million.write(records, header, name, work, COPIES), work / "million", work / "copies.npy"
    build = [options.program, "build", photos, "--out", folder, "--no-thumbnails"]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([options.program, "export", folder, "--npy", npy], check=True)
    found = lines_of([options.program, "eval", folder, "--sample", ASKING, "--json"])
    manifest = json.loads((folder / "manifest.json").read_text())
    codebook, codes, refinement = (manifest[part]["bytes"] for part in ("codebook", "codes", "refinement"))
    line = lambda bytes_, figure: {"bytes": bytes_ / COPIES, "codebook_bytes": codebook, **found[figure]}
    return np.load(npy), {
        "codes, 128": line(codes, "recall_at_10"),
        "refined, 128 + 256": line(codes + refinement, "refined_recall_at_10"),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--widget", type=Path, required=True)
    parser.add_argument("--ours-only", action="store_true", help="without FAISS's quantisers, which take most of the time")
    options = parser.parse_args()
    if not options.shared.exists():
        sys.exit(f"skipped: {options.shared} is not there")
    options.work.mkdir(parents=True, exist_ok=True)
    report = {"faiss": faiss.__version__, "recall_at_10": {}}
    for name in NETWORKS:
        folder, vectors = embeddings(name, options)
        lines = ours(folder, options)
        print(json.dumps({name: lines}), file=sys.stderr, flush=True)
        if not options.ours_only:
            lines |= theirs(name, vectors, QUANTISERS, options)
        report["recall_at_10"][name] = {"dims": vectors.shape[1], **lines}
    if not options.ours_only:
        vectors, lines = copies(options)
        some = {128: {kind: QUANTISERS[128][kind] for kind in OF_COPIES}}
        report["copies"] = lines | theirs("copies", vectors, some, options, COPIES // ASKING)
    report["scan"] = scan.measure(options)
    options.out.write_text(json.dumps(report, indent=1))
    print(json.dumps(report))


if __name__ == "__main__":
    main()
