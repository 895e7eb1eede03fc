"""The default network in PyTorch: MobileNetV2's layers as trained on ImageNet, and what was trained on top of them.

    photo, 448x448 -> every 2x2 pixels' mean -> blocks 0 to 12 -> blocks 13 to 17, unchanged -> mean  -> semantics
                   |                            |              -> blocks 13 to 17, trained   -> mean  -> kind
                   |                            means of four layers                                  -> appearance
                   -> the chest, 192x192     -> blocks 0 to 12 -> blocks 13 to 17, trained   -> mean and largest -> print

Both views go through the same weights. A print's length says how much of a print there is, so that it counts little where nothing
is printed.
"""

from typing import NamedTuple

import numpy as np
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import numpy_helper
from PIL import Image

SIDE = 448
# The part of the input that is looked at for a print: its side, first row and first column.
CHEST, TOP, LEFT = 192, 104, 128
SHARED_BLOCKS = 13
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
# Block and convolution within it whose outputs' means are the appearance: 32 channels at 112x112, 144 at 56x56, 192 at 28x28, 384 at 14x14.
TAPS = ((0, 0), (2, 0), (4, 0), (8, 0))


class Component(NamedTuple):
    dims: int
    weight: float
    # The length from which on the component counts in full.
    full_length: float | None = None


# In the order of the embedding. A clear print's length is 1 to 2, a plain photo's about 0.2.
COMPONENTS = {
    "appearance": Component(128, 1.0),
    "semantics": Component(256, 1.0),
    "print": Component(128, 3.0, 1.5),
    "kind": Component(128, 0.9),
}
PRINT = 256


class Convolution(nn.Module):
    def __init__(self, weight, bias, stride, groups, relu):
        super().__init__()
        out, inputs, kernel, _ = weight.shape
        self.conv = nn.Conv2d(inputs * groups, out, kernel, stride, kernel // 2, groups=groups)
        self.conv.weight.data, self.conv.bias.data = torch.tensor(weight.copy()), torch.tensor(bias.copy())
        self.relu = relu

    def forward(self, x):
        x = self.conv(x)
        return x.clamp(0, 6) if self.relu else x


class Block(nn.Module):
    def __init__(self, convolutions, adds):
        super().__init__()
        self.convolutions, self.adds = nn.Sequential(*convolutions), adds

    def forward(self, x):
        y = self.convolutions(x)
        return x + y if self.adds else y


def blocks(shared):
    """MobileNetV2's 17 inverted residual blocks (the first convolution is in block 0) and its last convolution."""
    graph = onnx.load(f"{shared}/models/mobilenetv2.onnx").graph
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    found, pending = [], []
    for node, following in zip(graph.node, [*graph.node[1:], None]):
        if node.op_type != "Conv":
            continue
        attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        relu = following is not None and following.op_type == "Clip"
        weight, bias = (weights[name].astype(np.float32) for name in node.input[1:3])
        pending.append(Convolution(weight, bias, attributes["strides"][0], attributes.get("group", 1), relu))
        if not relu:
            found.append(Block(pending, following is not None and following.op_type == "Add"))
            pending = []
    return nn.ModuleList([*found, *([Block(pending, False)] if pending else [])])


class Tower(nn.Module):
    """The trained layers: from `[n, 96, side, side]` (12 of the chest, 14 of the whole) to print `[n, 256]` and kind `[n, 128]`."""

    def __init__(self, shared):
        super().__init__()
        self.blocks = blocks(shared)[SHARED_BLOCKS:]
        self.print, self.kind = nn.Linear(2 * 1280, PRINT), nn.Linear(1280, COMPONENTS["kind"].dims)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        mean, largest = x.mean((2, 3)), x.amax((2, 3))
        return self.print(torch.cat([mean, largest], 1)), self.kind(mean)


class Shared(nn.Module):
    """The layers before the towers: `[n, 96, side / 16, side / 16]`, and the means of the tapped layers."""

    def __init__(self, shared):
        super().__init__()
        self.blocks = blocks(shared)[:SHARED_BLOCKS]

    def forward(self, x):
        means = []
        for number, block in enumerate(self.blocks):
            y = block.convolutions[0](x)
            if (number, 0) in TAPS:
                means.append(y.mean((2, 3)))
            for convolution in block.convolutions[1:]:
                y = convolution(y)
            x = x + y if block.adds else y
        return x, means


def projection(values, scale, count, power):
    """A dense layer from `values`, `[n, dims]` times 1 / `scale`, to their `count` principal axes, each divided by its standard deviation to `power`."""
    values = values.astype(np.float64) / scale
    mean = values.mean(0)
    _, sizes, axes = np.linalg.svd(values - mean, full_matrices=False)
    axes = axes[:count] / (sizes[:count, None] / np.sqrt(len(values))) ** power
    layer = nn.Linear(values.shape[1], count)
    layer.weight.data = torch.tensor((axes / scale).astype(np.float32))
    layer.bias.data = torch.tensor((-axes @ mean).astype(np.float32))
    return layer


def whole_view(x):
    """The whole photo as the layers see it: `[n, 3, 448, 448]` to `[n, 3, 224, 224]`."""
    return F.avg_pool2d(x, 2)


def chest_view(x):
    """The middle of the photo, where prints are: `[n, 3, 448, 448]` to `[n, 3, 192, 192]`."""
    return x[:, :, TOP : TOP + CHEST, LEFT : LEFT + CHEST]


class Network(nn.Module):
    """The whole, as it is exported: `[n, 3, 448, 448]` to `[n, 640]`."""

    def __init__(self, shared, tower, taps, means):
        """`taps`: of some photos the means of each tapped layer; `means`: MobileNetV2's own embeddings of them."""
        super().__init__()
        self.shared, self.tower = Shared(shared), tower
        self.semantic_blocks = blocks(shared)[SHARED_BLOCKS:]
        # Layers count alike, whatever the size of their numbers.
        scale = np.concatenate([np.full(tap.shape[1], tap.std(0).mean() * np.sqrt(tap.shape[1])) for tap in taps])
        self.appearance = projection(np.concatenate(taps, 1), scale, COMPONENTS["appearance"].dims, 0.5)
        length = np.full(means.shape[1], np.linalg.norm(means, axis=1).mean())
        self.semantics = projection(means, length, COMPONENTS["semantics"].dims, 0)
        # The print's axes that its weights make most of.
        axes, _, _ = torch.linalg.svd(tower.print.weight.data, full_matrices=False)
        axes = axes[:, : COMPONENTS["print"].dims].T
        self.print = nn.Linear(tower.print.in_features, len(axes))
        self.print.weight.data, self.print.bias.data = axes @ tower.print.weight.data, axes @ tower.print.bias.data

    def forward(self, x):
        whole, means = self.shared(whole_view(x))
        chest, _ = self.shared(chest_view(x))
        semantic = kind = whole
        for block in self.semantic_blocks:
            semantic = block(semantic)
        for block in self.tower.blocks:
            kind, chest = block(kind), block(chest)
        pooled = torch.cat([chest.mean((2, 3)), chest.amax((2, 3))], 1)
        return torch.cat(
            [
                self.appearance(torch.cat(means, 1)),
                self.semantics(semantic.mean((2, 3))),
                self.print(pooled),
                self.tower.kind(kind.mean((2, 3))),
            ],
            1,
        )


def normalised(pictures):
    """Pictures of one size as the network's values, `[n, 3, height, width]`."""
    values = (np.stack([np.asarray(picture, np.float32) / 255 for picture in pictures]) - MEAN) / DEVIATION
    return torch.from_numpy(values.transpose(0, 3, 1, 2).copy()).to(memory_format=torch.channels_last)


def inputs(pictures, side=SIDE):
    """Pictures as a network's input, `[n, 3, side, side]`."""
    return normalised([picture.resize((side, side), Image.BILINEAR) for picture in pictures])
