"""Makes the photos of this folder: `python make.py` (Pillow 12, whose littlecms does the conversion).

The same patches of colour in four spaces: sRGB without a profile, and Adobe RGB, Display P3 and ProPhoto RGB with theirs. The
profiles are written here from the primaries of the spaces, adapted to D50 (http://www.brucelindbloom.com, RGB/XYZ matrices; Display P3 by
Apple's profile), so that nothing of anybody's profile files is in them.
"""

import io
import struct
from pathlib import Path

from PIL import Image, ImageCms

SPACES = {
    "adobe-rgb": (((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)), 2.19921875),
    "display-p3": (((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)), None),
    "prophoto": (((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491)), 1.80078125),
}
# The first is the red of a shirt.
PATCHES = [(200, 30, 40), (30, 140, 60), (40, 70, 190), (230, 200, 60), (128, 128, 128), (250, 245, 240), (90, 40, 110), (60, 60, 70)]
SIDE = 16


def fixed(value):
    return struct.pack(">i", round(value * 65536))


def profile(primaries, gamma):
    """An ICC profile, version 2 (gamma) or 4 (the curve of sRGB), of a matrix and curves."""
    white = (0.9642, 1.0, 0.8249)
    xyz = lambda values: b"XYZ \0\0\0\0" + b"".join(fixed(value) for value in values)
    if gamma is None:
        curve = b"para\0\0\0\0" + struct.pack(">HH", 3, 0) + b"".join(fixed(v) for v in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
        text = lambda words: b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", 2 * len(words), 28) + words.encode("utf-16-be")
        description = text("primaries and curves")
    else:
        curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
        text = lambda words: b"text\0\0\0\0" + words.encode() + b"\0"
        words = b"primaries and curves\0"
        description = b"desc\0\0\0\0" + struct.pack(">I", len(words)) + words + bytes(12 + 67)
    tags = {b"desc": description, b"cprt": text("CC0"), b"wtpt": xyz(white)}
    tags |= {name + b"XYZ": xyz(own) for name, own in zip((b"r", b"g", b"b"), primaries)}
    tags |= {name + b"TRC": curve for name in (b"r", b"g", b"b")}
    table, content, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += name + struct.pack(">II", start + len(content), len(data))
        content += data
    version = 0x04000000 if gamma is None else 0x02100000
    header = struct.pack(">I4sI4s4s4s12s4s4sIII8sI", start + len(content), bytes(4), version, b"mntr", b"RGB ", b"XYZ ", bytes(12), b"acsp", bytes(4), 0, 0, 0, bytes(8), 0)
    header += b"".join(fixed(value) for value in white)
    return header + bytes(128 - len(header)) + struct.pack(">I", len(tags)) + table + content


def main():
    folder = Path(__file__).parent
    patches = Image.new("RGB", (4 * SIDE, 2 * SIDE))
    for number, colour in enumerate(PATCHES):
        x, y = number % 4 * SIDE, number // 4 * SIDE
        patches.paste(colour, (x, y, x + SIDE, y + SIDE))
    patches.save(folder / "srgb.png", optimize=True)
    srgb = ImageCms.createProfile("sRGB")
    for name, (primaries, gamma) in SPACES.items():
        icc = profile(primaries, gamma)
        own = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        converted = ImageCms.profileToProfile(patches, srgb, own, renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC)
        converted.save(folder / f"{name}.png", icc_profile=icc, optimize=True)
        converted.save(folder / f"{name}.jpg", icc_profile=icc, quality=98, subsampling=0)
        print(name, converted.getpixel((8, 8)))


if __name__ == "__main__":
    main()
