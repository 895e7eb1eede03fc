"""Pictures to measure with: the same thing photographed badly, and the same thing in another colour.

Made on whole photos with Pillow and apart from `views.py`, so that what is measured is not what was trained with.
"""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SHARE = 0.6  # of copies that have each disturbance; all are JPEG of quality 40


def coefficients(source, target):
    """Of the projection that takes the four `target` corners to the `source` corners, as Pillow wants them."""
    rows, right = [], []
    for (x, y), (u, v) in zip(target, source):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return np.linalg.solve(np.array(rows, float), np.array(right, float))


def disturbed(photo, background, random):
    """A shopper's photo of what is on `photo`."""
    does = lambda: random.random() < SHARE
    width, height = photo.size
    if does():  # 60 percent of the picture
        w, h = round(width * 0.6**0.5), round(height * 0.6**0.5)
        left, top = random.integers(width - w + 1), random.integers(height - h + 1)
        photo = photo.crop((left, top, left + w, top + h))
        width, height = photo.size
    margin = 0.14 if does() else 0.0  # of another place around it
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)
    target = margin + corners * (1 - 2 * margin)
    if does():
        target += random.uniform(-0.09, 0.09, (4, 2))
    size = np.array([width, height])
    projection = coefficients(corners * size, target * size)
    warp = lambda picture: picture.transform((width, height), Image.PERSPECTIVE, projection, Image.BILINEAR)
    elsewhere = background.resize((width, height), Image.BILINEAR).filter(ImageFilter.GaussianBlur(1))
    elsewhere.paste(warp(photo), (0, 0), warp(Image.new("L", photo.size, 255)))
    photo = elsewhere
    if does():
        draw = ImageDraw.Draw(photo)
        if random.random() < 0.5:  # a hand from the side
            skin = tuple(int(v) for v in np.array([224, 172, 140]) * random.uniform(0.4, 1.05))
            x, y = (0 if random.random() < 0.5 else width), random.uniform(0.3, 0.9) * height
            draw.ellipse((x - width * 0.22, y - height * 0.09, x + width * 0.22, y + height * 0.09), fill=skin)
        else:  # a hanger from above
            line, x, y = max(2, width // 50), width / 2, height * random.uniform(0.02, 0.1)
            draw.line([(x, 0), (x, y), (x - width * 0.3, y + height * 0.14), (x + width * 0.3, y + height * 0.14), (x, y)],
                      fill=(40, 36, 32), width=line)
    if does():
        gains = random.uniform(0.7, 1.25) * random.uniform(0.87, 1.13, 3)
        values = np.asarray(photo, np.float32) * gains
        photo = Image.fromarray(values.clip(0, 255).astype(np.uint8))
    if does():
        photo = photo.filter(ImageFilter.GaussianBlur(random.uniform(0.4, 1.6)))
    packed = io.BytesIO()
    photo.save(packed, "JPEG", quality=40)
    return Image.open(packed).convert("RGB")


def recoloured(photo, random):
    """The same in another colour: the hue turned by 60 to 300 degrees, grey cloth dyed, the lightness changed."""
    hue, saturation, value = (np.asarray(plane, np.float32) for plane in photo.convert("HSV").split())
    hue = (hue + random.uniform(256 / 6, 256 * 5 / 6)) % 256
    saturation = np.maximum(saturation * random.uniform(0.8, 1.3), random.uniform(0, 110))
    value = 255 * (value / 255) ** random.uniform(0.6, 1.5)
    planes = [Image.fromarray(plane.clip(0, 255).astype(np.uint8)) for plane in (hue, saturation, value)]
    return Image.merge("HSV", planes).convert("RGB")
