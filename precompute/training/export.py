"""The trained network as ONNX: `python export.py --work FOLDER --out vgg16-slim.onnx`.

What is written is a plain VGG-16 with output `features`, fc7.
"""

import argparse
from pathlib import Path

import torch

from student import Plain, Student


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    state = torch.load(options.work / "patterns.pt")
    plain = Plain(Student(state["side"]).eval()).eval()
    plain.load_state_dict(state["plain"])
    x = torch.randn(1, 3, state["side"], state["side"])
    torch.onnx.export(plain, x, str(options.out), input_names=["input"], output_names=["features"], dynamo=False,
                      opset_version=13)


if __name__ == "__main__":
    main()
