"""Reference values from independent implementations: ONNX Runtime, OpenCV, Pillow and scikit-learn; and pyarrow
reads what `export` writes.

usage: make.py --out FOLDER --shared ../shared --program PRECOMPUTE [--all]

Writes what main.rs beside this compares with: raw little-endian arrays, and an index.json for each part, made anew by every run.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

PHOTOS = 20  # for the preprocessing
NEIGHBOURS = 40  # reference neighbours of each product, twice what the folder stores
CATALOGUE = 600  # products whose neighbours are compared, unless --all


def input_of(side=224):
    """A network input that no photo has: every value from -1 to 1, in a fixed disorder."""
    n = 3 * side * side
    return ((np.arange(n) * 7919 % 1000) / 500 - 1).astype("<f4").reshape(1, 3, side, side)


def run_onnx(path, output, x):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run([output], {session.get_inputs()[0].name: x})[0].astype("<f4")


def compile_network(program, path, output, weights, folder):
    command = [program, "model", "compile", path, "--output", output, "--weights", weights, "-o", folder]
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)


def networks(out, shared, program):
    """Compiled networks beside what ONNX Runtime makes of the same input."""
    cases = []

    def case(name, path, output, weights, x, want):
        folder = out / f"{name}-{weights}"
        compile_network(program, path, output, weights, folder)
        x.tofile(folder / "input.f32")
        want.astype("<f4").tofile(folder / "output.f32")
        cases.append({"name": name, "weights": weights, "folder": folder.name})

    for name in ("squeezenet1.1", "mobilenetv2", "resnet50"):
        path = shared / "models" / f"{name}.onnx"
        want = run_onnx(path, "features", input_of())
        for weights in ("f32", "int8"):
            case(name, path, "features", weights, input_of(), want)
    for number in range(3):
        folder = shared / "models/cases/squeezenet1.1" / str(number)
        x, want = np.load(folder / "input.npy").astype("<f4"), np.load(folder / "output.npy")
        case(f"squeezenet1.1-case{number}", shared / "models/squeezenet1.1.onnx", "logits", "f32", x, want)
    for name, arguments in (("vgg16-slim", ["--width", "0.25", "--fc", "512"]), ("vgg16", [])):
        path = out / f"{name}.onnx"
        subprocess.run([sys.executable, shared / "peers/vgg16_random.py", path, *arguments], check=True)
        want = run_onnx(path, "features", input_of())
        for weights in ("f32", "f16", "int8"):
            case(name, path, "features", weights, input_of(), want)
        path.unlink()
    path = out / "vgg16-blocks12.onnx"
    first_blocks(shared / "models/vgg16-blocks12.npz", path)
    x = input_of() * 128  # about what a photo less its mean is
    case("vgg16-blocks12", path, "features", "f32", x, run_onnx(path, "features", x).ravel())
    path = out / "multi-level.onnx"
    multi_level(path)
    want = run_onnx(path, "features", input_of(64))
    for weights in ("f32", "int8"):
        case("multi-level", path, "features", weights, input_of(64), want)
    path = out / "two-views.onnx"
    two_views(path)
    want = run_onnx(path, "features", input_of(64))
    for weights in ("f32", "int8"):
        case("two-views", path, "features", weights, input_of(64), want)
    return cases


class Graph:
    """A network in the making, as ONNX: its nodes, and constants with random weights by `seed`."""

    def __init__(self, seed):
        self.random, self.nodes, self.tensors = np.random.default_rng(seed), [], []

    def node(self, kind, inputs, output, **attributes):
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def constant(self, name, values):
        from onnx import numpy_helper

        self.tensors.append(numpy_helper.from_array(values, name))
        return name

    def weights(self, name, *shape):
        deviation = np.sqrt(2 / np.prod(shape[1:]))
        return [self.constant(f"{name}.weight", self.random.normal(0, deviation, shape).astype("f4")),
                self.constant(f"{name}.bias", self.random.normal(0, 0.1, shape[0]).astype("f4"))]

    def save(self, path, side, features, opset):
        """Of `input`, `[1, 3, side, side]`, and `features` of that shape."""
        import onnx
        from onnx import TensorProto, helper

        value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        graph = helper.make_graph(
            self.nodes, path.stem, [value("input", [1, 3, side, side])], [value("features", features)], self.tensors)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)


def two_views(path):
    """The whole photo at half the size and its middle half at full size, both through the same weights: a convolution, an
    inverted residual block as MobileNetV2 has them, means and maxima; as ONNX."""
    graph = Graph(8)
    node, constant, weights = graph.node, graph.constant, graph.weights
    axes = constant("axes", np.array([2, 3], "i8"))
    zero, six = constant("zero", np.float32(0)), constant("six", np.float32(6))
    layers = {"first": weights("first", 24, 3, 3, 3), "wide": weights("wide", 72, 24, 1, 1),
              "deep": weights("deep", 72, 1, 3, 3), "narrow": weights("narrow", 24, 72, 1, 1)}
    middle = [constant("start", np.array([16, 16], "i8")), constant("end", np.array([48, 48], "i8")), axes]
    views = [node("AveragePool", ["input"], "whole", kernel_shape=[2, 2], strides=[2, 2]),
             node("Slice", ["input", *middle], "middle")]
    pooled = []
    for view in views:
        def conv(layer, value, **attributes):
            return node("Conv", [value, *layers[layer]], f"{view}.{layer}", **attributes)

        def relu6(value):
            return node("Clip", [value, zero, six], f"{value}.relu6")

        first = relu6(conv("first", view, strides=[2, 2], pads=[1] * 4))
        wide = relu6(conv("wide", first))
        deep = relu6(conv("deep", wide, pads=[1] * 4, group=72))
        block = node("Add", [first, conv("narrow", deep)], f"{view}.block")
        pooled += [node("ReduceMean", [block, axes], f"{view}.mean", keepdims=0),
                   node("ReduceMax", [block, axes], f"{view}.most", keepdims=0),
                   node("ReduceMean", [wide, axes], f"{view}.early", keepdims=0)]
    node("Gemm", [node("Concat", pooled, "pooled", axis=1), *weights("head", 40, 240)], "features", transB=1)
    graph.save(path, side=64, features=[1, 40], opset=18)


def multi_level(path):
    """Convolutions whose means and maxima at three depths go on to two heads, as PyTorch exports them, as ONNX."""
    graph = Graph(5)
    node, constant, weights = graph.node, graph.constant, graph.weights

    def dense(name, value, inputs, outputs):
        return node("Gemm", [value, *weights(name, outputs, inputs)], name, transB=1)

    last, levels, channels = "input", [], 3
    axes = constant("axes", np.array([2, 3], "i8"))
    for depth, width in enumerate((16, 32, 48)):
        conv = node("Conv", [last, *weights(f"conv{depth}", width, channels, 3, 3)], f"conv{depth}", pads=[1] * 4)
        relu = node("Relu", [conv], f"relu{depth}")
        # The two ways each is exported.
        if depth % 2:
            mean = node("ReduceMean", [relu, axes], f"mean{depth}", keepdims=0)
            most = node("ReduceMax", [relu, axes], f"most{depth}", keepdims=0)
        else:
            mean = node("Flatten", [node("GlobalAveragePool", [relu], f"mean{depth}.4d")], f"mean{depth}")
            most = node("Flatten", [node("GlobalMaxPool", [relu], f"most{depth}.4d")], f"most{depth}")
        levels += [mean, most]
        last, channels = node("MaxPool", [relu], f"pool{depth}", kernel_shape=[2, 2], strides=[2, 2]), width
    pooled = node("Concat", levels, "pooled", axis=1)
    hidden = node("Relu", [dense("appearance1", pooled, 192, 64)], "appearance1.relu")
    heads = [dense("appearance2", hidden, 64, 24), dense("meaning", pooled, 192, 40), levels[-2]]
    node("Concat", heads, "features", axis=1)
    graph.save(path, side=64, features=[1, 24 + 40 + 48], opset=18)


def first_blocks(weights, path):
    """The first four convolutions and two pools of VGG-16 with the weights its authors trained, as ONNX."""
    weights, graph, last = np.load(weights), Graph(0), "input"
    for layer in ("block1_conv1", "block1_conv2", "block2_conv1", "block2_conv2"):
        own = [graph.constant(name, weights[name].astype(np.float32)) for name in (f"{layer}.weight", f"{layer}.bias")]
        last = graph.node("Relu", [graph.node("Conv", [last, *own], layer, pads=[1] * 4)], f"{layer}.relu")
        if layer.endswith("conv2"):
            pooled = "features" if layer.startswith("block2") else f"{layer}.pool"
            last = graph.node("MaxPool", [last], pooled, kernel_shape=[2, 2], strides=[2, 2])
    graph.save(path, side=224, features=[1, 128, 56, 56], opset=13)


def catalogue(shared):
    with open(shared / "catalog/items.csv", encoding="utf-8") as table:
        return [row["id"] for row in csv.DictReader(table)]


def preprocessing(out, shared, _program):
    """Photos as OpenCV decodes and resizes them; PNGs of the decoded pixels tell decoding from resizing."""
    import cv2

    try:
        from PIL import Image
    except ImportError:
        Image = None
    ids = catalogue(shared)
    cases = []
    for id in ids[:: len(ids) // PHOTOS][:PHOTOS]:
        source = shared / "catalog/images" / f"{id}.jpg"
        pixels = cv2.imread(str(source), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        height, width = pixels.shape[:2]
        shutil.copy(source, out / f"{id}.jpg")
        cv2.imwrite(str(out / f"{id}.png"), pixels)

        def resized(kind, w, h, interpolation):
            name = f"{id}-{kind}.rgb"
            cv2.resize(pixels, (w, h), interpolation=interpolation)[:, :, ::-1].tofile(out / name)
            return {"file": name, "kind": kind, "width": w, "height": h}

        pixels[:, :, ::-1].tofile(out / f"{id}-same.rgb")
        made = [
            {"file": f"{id}-same.rgb", "kind": "same", "width": width, "height": height},
            resized("enlarged", 320, 300, cv2.INTER_LINEAR),
            resized("shrunk-linear", 96, 96, cv2.INTER_LINEAR),
            resized("shrunk-area", 96, 96, cv2.INTER_AREA),
        ]
        if Image is not None:
            name = f"{id}-pillow.rgb"
            small = Image.fromarray(pixels[:, :, ::-1]).resize((96, 96), Image.BILINEAR)
            np.asarray(small).tofile(out / name)
            made.append({"file": name, "kind": "shrunk-pillow", "width": 96, "height": 96})
        cases.append({"id": id, "made": made})
    return cases


def shrinking(out, shared, _program):
    """Photos of 2 megapixels, as PNGs of OpenCV's decoding, squashed to a network's input."""
    import cv2

    try:
        from PIL import Image
    except ImportError:
        Image = None
    cases = []
    for id in ("Landscape_1", "Portrait_1"):
        pixels = cv2.imread(str(shared / "images/orientation" / f"{id}.jpg"), cv2.IMREAD_COLOR)
        cv2.imwrite(str(out / f"{id}.png"), pixels)
        made = {
            "linear": cv2.resize(pixels, (224, 224), interpolation=cv2.INTER_LINEAR)[:, :, ::-1],
            "area": cv2.resize(pixels, (224, 224), interpolation=cv2.INTER_AREA)[:, :, ::-1],
        }
        if Image is not None:
            made["pillow"] = np.asarray(Image.fromarray(pixels[:, :, ::-1]).resize((224, 224), Image.BILINEAR))
        for kind, small in made.items():
            np.ascontiguousarray(small).tofile(out / f"{id}-{kind}.rgb")
        cases.append({"id": id, "made": sorted(made)})
    return cases


def cmyk(out, shared, _program):
    """Pictures in CMYK and YCCK inks as OpenCV and Pillow show them, neither of them by a colour profile."""
    import cv2

    try:
        from PIL import Image
    except ImportError:
        Image = None
    with open(shared / "images/broken/manifest.csv", encoding="utf-8") as table:
        names = [row["file"] for row in csv.DictReader(table) if row["kind"] == "cmyk" and row["expected"] == "decodes"]
    cases = []
    for name in names:
        source = shared / "images/broken" / name
        shutil.copy(source, out / name)
        pixels = cv2.imread(str(source), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)[:, :, ::-1]
        made = {"opencv": pixels}
        if Image is not None:
            made["pillow"] = np.asarray(Image.open(source).convert("RGB"))
        for kind, shown in made.items():
            np.ascontiguousarray(shown).tofile(out / f"{name}-{kind}.rgb")
        cases.append({"id": name, "made": sorted(made), "height": pixels.shape[0], "width": pixels.shape[1]})
    return cases


def same_by_pyarrow(parquet, npy):
    """Stops where Arrow's own reader finds something else in the Parquet file than NumPy beside it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(parquet)
    number = pa.field("element", pa.float32(), nullable=False)
    assert table.schema.types == [pa.string(), pa.list_(number)], table.schema
    assert table["id"].to_pylist() == npy.with_suffix(".ids.txt").read_text(encoding="utf-8").splitlines()
    assert np.array_equal(np.stack(table["embedding"].to_numpy()), np.load(npy))
    print(f"references: pyarrow {pa.__version__} reads {table.num_rows} products as NumPy does")


def neighbours(out, shared, program, everything=False):
    """Folders built from catalogue photos, not adapted and adapted, and scikit-learn's neighbours of what they export."""
    from sklearn.metrics import pairwise_distances

    photos = out / "photos"
    photos.mkdir()
    ids = catalogue(shared)
    ids = ids if everything else ids[:: len(ids) // CATALOGUE][:CATALOGUE]
    for id in ids:
        os.symlink((shared / "catalog/images" / f"{id}.jpg").resolve(), photos / f"{id}.jpg")
    # Built twice in one place, so that the second time nothing is embedded again.
    folder, folders = out / "lookalike", []
    for adapt in ("off", "auto"):
        command = [str(program), "build", photos, "--out", folder, "--no-thumbnails", "--adapt", adapt]
        subprocess.run(command, check=True)
        made = out / adapt
        shutil.copytree(folder, made / "lookalike")
        npy, parquet = made / "embeddings.npy", made / "embeddings.parquet"
        subprocess.run([str(program), "export", folder, "--npy", npy, "--parquet", parquet], check=True)
        same_by_pyarrow(parquet, npy)
        embeddings = np.load(npy).astype(np.float64)
        if adapt == "auto":
            raw = made / "raw.npy"
            subprocess.run([str(program), "export", folder, "--npy", raw, "--raw"], check=True)
            same_by_numpy(folder, embeddings, np.load(raw).astype(np.float64))
        for metric in ("cosine", "euclidean", "manhattan"):
            distances = pairwise_distances(embeddings, metric=metric)
            np.fill_diagonal(distances, np.inf)
            order = np.argsort(distances, axis=1, kind="stable")[:, :NEIGHBOURS]
            order.astype("<u4").tofile(made / f"{metric}.u32")
            np.take_along_axis(distances, order, axis=1).astype("<f8").tofile(made / f"{metric}.f64")
        folders.append({"adapt": adapt, "folder": f"{adapt}/lookalike", "references": adapt})
    return {"items": len(ids), "neighbours": NEIGHBOURS, "folders": folders}


def same_by_numpy(folder, adapted, raw):
    """The adaptation by its definition: inner products of what it gives are those of the exported embeddings."""

    def unit(v):
        return v / np.linalg.norm(v, axis=1, keepdims=True)

    network = json.loads((folder / "manifest.json").read_text())["network"]["path"]
    description = json.loads((folder / network / "network.json").read_text())
    components = description.get("components", [{"dims": raw.shape[1], "weight": 1}])
    most = [min(component["dims"], 256) for component in components]
    share = min(1, 512 / sum(most))
    parts, start = [], 0
    for component, axes_of in zip(components, most):
        dims, weight = component["dims"], component["weight"]
        own = raw[:, start : start + dims]
        # A component by length keeps it and is not centred.
        by_length = "full_length" in component
        centred = own / weight if by_length else unit(own) - unit(own).mean(axis=0)
        weight = np.linalg.norm(own, axis=1, keepdims=True) if by_length else weight
        variances, axes = np.linalg.eigh(centred.T @ centred / len(centred))
        count = int(axes_of * share)
        axes, variances = axes[:, ::-1][:, :count], variances[::-1][:count]
        parts.append(weight * unit(centred @ (axes / variances**0.25)))
        start += dims
    want = unit(np.concatenate(parts, axis=1))
    error = np.abs(adapted @ adapted.T - want @ want.T).max()
    print(f"references: adapted embeddings, inner products differ from NumPy's by {error:.1e} at most")
    assert adapted.shape == want.shape and error < 1e-3, error


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--shared", type=Path, required=True)
    arguments.add_argument("--program", type=Path, required=True)
    arguments.add_argument("--all", action="store_true", help="neighbours of the whole catalogue")
    arguments = arguments.parse_args()
    if not arguments.shared.is_dir():
        sys.exit(f"{arguments.shared} is not there: the references are made from its photos and networks")
    program = arguments.program.resolve()
    for name, make, options in (
        ("networks", networks, {}),
        ("preprocessing", preprocessing, {}),
        ("shrinking", shrinking, {}),
        ("cmyk", cmyk, {}),
        ("neighbours", neighbours, {"everything": arguments.all}),
    ):
        out = arguments.out / name
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        print(f"references: {name}", flush=True)
        cases = make(out, arguments.shared, program, **options)
        (out / "index.json").write_text(json.dumps(cases, indent=1), encoding="utf-8")


main()
