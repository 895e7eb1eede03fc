"""The trained network as ONNX: `python export.py --work FOLDER --out vgg16-slim.onnx [--start COMPILED]`.

What is written is a plain VGG-16 with output `features`, fc7. Where training went on from a compiled network, its weights go
a little further from those than training took them (arXiv 2212.04089).
"""

import argparse
from pathlib import Path

import torch

import shipped
from student import Plain, Student

SHARE = 1.15  # of the way from the network at the start; below 1 less is forgotten (arXiv 2109.01903)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path)
    options = parser.parse_args()
    state = torch.load(options.work / "checkpoint.pt")
    student = Student(state["side"])
    student.load_state_dict(state["student"])
    plain, x = Plain(student.eval()).eval(), torch.randn(4, 3, state["side"], state["side"])
    with torch.no_grad():
        worst = (plain(x) - student(x)).abs().max() / student(x).abs().max()
    assert worst < 1e-4, f"folding changed the network by {worst}"
    if options.start:
        before, _ = shipped.load(options.start)
        for old, new in zip(before.parameters(), plain.parameters(), strict=True):
            new.data = old.data.lerp(new.data, SHARE)
    torch.onnx.export(plain, x[:1], str(options.out), input_names=["input"], output_names=["features"], dynamo=False,
                      opset_version=13)


if __name__ == "__main__":
    main()
