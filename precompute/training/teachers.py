"""What the teachers make of a picture: ResNet-50 and MobileNetV2 by ONNX Runtime, each to unit length, joined.

The joined vector is the best measured of what there is (`../shared/models/baseline.md`).
"""

from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

NAMES = ("mobilenetv2", "resnet50")
SIDE = 224
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


class Teachers:
    """Every name is a network of ../shared/models with an output `features`."""

    def __init__(self, shared, names=NAMES, threads=0):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        load = lambda name: onnxruntime.InferenceSession(
            str(Path(shared) / f"models/{name}.onnx"), options, providers=["CPUExecutionProvider"])
        self.sessions = {name: load(name) for name in names}

    def features(self, picture):
        """{name: f32 [dims]} of RGB bytes or a Pillow picture, unnormalised."""
        picture = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
        pixels = np.asarray(picture.convert("RGB").resize((SIDE, SIDE), Image.BILINEAR), np.float32)
        x = ((pixels / 255 - MEAN) / DEVIATION).transpose(2, 0, 1)[None]
        return {name: session.run(["features"], {"input": x})[0].ravel() for name, session in self.sessions.items()}


def unit(vectors):
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def joined(features):
    """`[n, 3328]` from the teachers' `[n, 1280]` and `[n, 2048]`."""
    return np.concatenate([unit(features[name]) for name in NAMES], axis=1)
