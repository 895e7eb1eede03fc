"""vgg16-slim while it learns, and what is left of it to run.

VGG-16's topology (arXiv 1409.1556, column D) at a quarter of the width. While it learns every layer is normalised by
batch, and a convolution between equal numbers of channels has the identity beside it (RepVGG, arXiv 2101.03697); both
fold into the plain convolution that is run.
"""

import torch
import torch.nn.functional as F
from torch import nn

BLOCKS = ((16, 2), (32, 2), (64, 3), (128, 3), (128, 3))
DIMS = 512


class Convolution(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.identity = inputs == outputs
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")

    def forward(self, x):
        y = self.norm(self.conv(x))
        return F.relu(y + x if self.identity else y, inplace=True)

    def folded(self):
        weight, bias = fold(self.conv.weight, self.norm)
        if self.identity:
            channels = torch.arange(weight.shape[0])
            weight[channels, channels, 1, 1] += 1
        return weight, bias


class Dense(nn.Module):
    """fc6 reads `cells` x `cells` places of `inputs` channels."""

    def __init__(self, inputs, cells):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(DIMS, inputs, cells, cells) * (2 / (inputs * cells**2)) ** 0.5)
        self.norm = nn.BatchNorm1d(DIMS)

    def forward(self, x):
        return F.relu(self.norm(F.linear(x.flatten(1), self.weight.flatten(1))))

    def folded(self):
        return fold(self.weight, self.norm)


def fold(weight, norm):
    """Weight and bias of a layer with its batch normalisation in them."""
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return (weight * scale.view(-1, 1, 1, 1)).detach(), (norm.bias - norm.running_mean * scale).detach()


class Student(nn.Module):
    """Normalised RGB `[n, 3, side, side]` -> fc7 `[n, 512]`, not negative."""

    def __init__(self, side):
        super().__init__()
        blocks, channels = [], 3
        for outputs, convolutions in BLOCKS:
            block = []
            for _ in range(convolutions):
                block.append(Convolution(channels, outputs))
                channels = outputs
            blocks.append(nn.Sequential(*block, nn.MaxPool2d(2)))
        self.blocks = nn.Sequential(*blocks)
        self.fc6 = Dense(channels, side // 32)
        self.fc7 = Dense(DIMS, 1)

    def forward(self, x):
        return self.fc7(self.fc6(self.blocks(x).contiguous()))

    def grow(self, side):
        """The same network for a larger input: fc6 looks at finer cells of the same picture."""
        cells, old = side // 32, self.fc6.weight.shape[-1]
        if cells != old:
            finer = F.interpolate(self.fc6.weight.detach(), size=(cells, cells), mode="bilinear")
            self.fc6.weight = nn.Parameter(finer * (old / cells) ** 2)


class Plain(nn.Module):
    """What is run: thirteen convolutions with bias, five pools, fc6, fc7."""

    def __init__(self, student):
        super().__init__()
        self.convolutions, self.pooled = nn.ModuleList(), set()
        for block in student.blocks:
            for convolution in list(block)[:-1]:
                weight, bias = convolution.folded()
                conv = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
                conv.weight.data, conv.bias.data = weight, bias
                self.convolutions.append(conv)
            self.pooled.add(len(self.convolutions))
        self.dense = nn.ModuleList()
        for layer in (student.fc6, student.fc7):
            weight, bias = layer.folded()
            linear = nn.Linear(weight[0].numel(), DIMS)
            linear.weight.data, linear.bias.data = weight.flatten(1), bias
            self.dense.append(linear)

    def convolve(self, x, begin=0, end=13):
        """Of the thirteen convolutions those from `begin` to before `end`, with their pools."""
        for number, conv in enumerate(self.convolutions[begin:end], begin + 1):
            x = F.relu(conv(x))
            if number in self.pooled:
                x = F.max_pool2d(x, 2)
        return x

    def forward(self, x, begin=0):
        x = self.convolve(x, begin).flatten(1)
        for linear in self.dense:
            x = F.relu(linear(x))
        return x
