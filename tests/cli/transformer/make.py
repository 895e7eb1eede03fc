"""A vision transformer of random weights, and what ONNX Runtime makes of three pictures: `python make.py` with torch, onnx and
onnxruntime writes transformer.onnx and embeddings.json beside this file.

Patches of 8x8 pixels and a token of the class; two layers of attention (4 heads) and a perceptron, as in arXiv 2010.11929. The output
is all tokens, `[1, 17, 16]`, of which the first is the embedding.
"""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import torch
import torch.nn as nn

SIDE, PATCH, DIMS, HEADS, LAYERS = 32, 8, 16, 4, 2
HERE = Path(__file__).parent


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.before, self.after = nn.LayerNorm(DIMS), nn.LayerNorm(DIMS)
        self.qkv, self.out = nn.Linear(DIMS, 3 * DIMS), nn.Linear(DIMS, DIMS)
        self.perceptron = nn.Sequential(nn.Linear(DIMS, 2 * DIMS), nn.GELU(), nn.Linear(2 * DIMS, DIMS))

    def forward(self, x):
        batch, tokens, _ = x.shape
        q, k, v = self.qkv(self.before(x)).reshape(batch, tokens, 3, HEADS, DIMS // HEADS).permute(2, 0, 3, 1, 4).unbind(0)
        shares = (q @ k.transpose(-2, -1) / (DIMS // HEADS) ** 0.5).softmax(-1)
        x = x + self.out((shares @ v).transpose(1, 2).reshape(batch, tokens, DIMS))
        return x + self.perceptron(self.after(x))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, DIMS, PATCH, PATCH)
        self.kind = nn.Parameter(torch.randn(1, 1, DIMS))
        self.places = nn.Parameter(torch.randn(1, 1 + (SIDE // PATCH) ** 2, DIMS))
        self.layers, self.norm = nn.Sequential(*(Layer() for _ in range(LAYERS))), nn.LayerNorm(DIMS)

    def forward(self, x):
        patches = self.patches(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.kind.expand(x.shape[0], -1, -1), patches], 1) + self.places
        return self.norm(self.layers(tokens))


def picture(seed):
    """RGB bytes `[32, 32, 3]`; tests/cli/transformer.rs makes the same."""
    y, x, c = np.meshgrid(np.arange(SIDE), np.arange(SIDE), np.arange(3), indexing="ij")
    return ((x * (7 + seed) + y * 13 + c * 29 + seed * 53) % 256).astype(np.uint8)


torch.manual_seed(1)
model = Transformer().eval()
path = HERE / "transformer.onnx"
names = {"input_names": ["pixel_values"], "output_names": ["last_hidden_state"]}
torch.onnx.export(
    model, torch.zeros(1, 3, SIDE, SIDE), path, opset_version=17, dynamo=False, dynamic_axes={"pixel_values": {0: "batch"}}, **names
)
session = onnxruntime.InferenceSession(path)
# The preprocessing that the program calls symmetric: RGB from -1 to 1.
inputs = [(picture(seed).astype(np.float32) / 255 - 0.5) / 0.5 for seed in range(3)]
rows = [session.run(None, {"pixel_values": x.transpose(2, 0, 1)[None]})[0][0, 0] for x in inputs]
(HERE / "embeddings.json").write_text(json.dumps([[round(float(v), 6) for v in row] for row in rows]) + "\n")
