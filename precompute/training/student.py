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

    @torch.no_grad()
    def begin_as(self, weight, bias, x):
        """To do of `x` what a plain convolution does."""
        self.conv.weight.copy_(weight)
        if self.identity:
            channels = torch.arange(len(weight))
            self.conv.weight[channels, channels, 1, 1] -= 1
        undo(self.norm, self.conv(x).transpose(0, 1).flatten(1), bias)

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

    @torch.no_grad()
    def begin_as(self, weight, bias, x):
        self.weight.copy_(weight.view_as(self.weight))
        undo(self.norm, F.linear(x.flatten(1), weight).T, bias)

    def folded(self):
        return fold(self.weight, self.norm)


def undo(norm, values, bias):
    """Lets the batch normalisation of `values`, `[channels, n]`, do nothing but add `bias`."""
    variance, mean = torch.var_mean(values, 1)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    norm.weight.copy_((variance + norm.eps).sqrt())
    norm.bias.copy_(mean + bias)


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

    @torch.no_grad()
    def begin_as(self, plain, x):
        """To say of views `x` like these what `plain` says."""
        self.eval()
        layers = [*(layer for block in self.blocks for layer in block), self.fc6, self.fc7]
        weights = iter([*plain.convolutions, *plain.dense])
        for layer in layers:
            if not isinstance(layer, nn.MaxPool2d):
                of = next(weights)
                layer.begin_as(of.weight, of.bias, x)
            x = layer(x)

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
