"""What a thing is and how it is seen: whole batches of pictures changed at once, f32 from 0 to 1, `[n, 3, side, side]`.

`recolour` and `print_on` make another thing of a picture. `see` makes another photo of the same thing: nearer, tilted, in
another light, before another background, with something in front of it.
"""

import math

import torch
import torch.nn.functional as F

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
GREY = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
BINS = 5  # a side of the colour cube


def uniform(n, low, high):
    return torch.empty(n).uniform_(low, high)


def chance(n, share):
    return torch.rand(n) < share


def recolour(x, which):
    """The pictures `which`, in other colours: the hue turned, saturation and lightness changed."""
    n = len(x)
    turn, stretch = uniform(n, 0.2, 0.8) * 2 * math.pi, uniform(n, 0.5, 1.6)
    matrix = torch.zeros(n, 3, 3)
    matrix[:, 0, 0] = 1
    matrix[:, 1, 1] = matrix[:, 2, 2] = turn.cos() * stretch
    matrix[:, 1, 2], matrix[:, 2, 1] = -turn.sin() * stretch, turn.sin() * stretch
    matrix = YIQ.inverse() @ matrix @ YIQ
    other = torch.einsum("nij,njhw->nihw", matrix, x) ** uniform(n, 0.6, 1.6).view(n, 1, 1, 1)
    return torch.where(which.view(n, 1, 1, 1), other.nan_to_num(0).clamp(0, 1), x)


def print_on(x, drawings, which):
    """The pictures `which` with `drawings`, RGBA `[n, 4, side, side]`, on the chest."""
    n = len(x)
    size = uniform(n, 0.16, 0.36)
    place = torch.zeros(n, 2, 3)
    place[:, 0, 0] = place[:, 1, 1] = 1 / size
    place[:, 0, 2] = -uniform(n, -0.1, 0.1) / size
    place[:, 1, 2] = -uniform(n, -0.25, 0.1) / size
    grid = F.affine_grid(place, x.shape, align_corners=False)
    drawing = F.grid_sample(drawings, grid, align_corners=False)
    alpha = drawing[:, 3:] * which.view(n, 1, 1, 1) * uniform(n, 0.8, 1).view(n, 1, 1, 1)
    light = (x * GREY).sum(1, keepdim=True)
    shade = (light / light.mean((2, 3), keepdim=True).clamp_min(0.05)).clamp(0.6, 1.2)
    return (x * (1 - alpha) + drawing[:, :3] * shade * alpha).clamp(0, 1)


def colours(x, alpha):
    """The colours of the object, unit vectors `[n, BINS^3]`: the square root of a histogram with soft bins.

    The object is what `alpha` covers, the more the further it is from the edge and from the edge's colour.
    """
    side = 20
    x, alpha = (F.adaptive_avg_pool2d(value, side) for value in (x, alpha))
    line = torch.linspace(-1, 1, side)
    centre = torch.exp(-(line.view(-1, 1) ** 2 + line**2) / 0.7).view(1, -1)
    edge = torch.cat([x[:, :, 0], x[:, :, -1], x[:, :, :, 0], x[:, :, :, -1]], 2).median(2).values
    other = ((x - edge[..., None, None]).pow(2).sum(1).sqrt() / 0.3).clamp(max=1).flatten(1)
    weight = centre * (0.2 + other) * alpha.flatten(1)
    levels = torch.linspace(0, 1, BINS).view(1, 1, BINS)
    r, g, b = ((1 - (plane.unsqueeze(2) - levels).abs() * (BINS - 1)).clamp_min(0) for plane in x.flatten(2).unbind(1))
    pairs = torch.einsum("npi,npj->npij", r * weight.unsqueeze(2), g).flatten(2)
    return F.normalize(torch.einsum("npi,npk->nik", pairs, b).flatten(1).clamp_min(0).sqrt(), dim=1)


def projections(n, strength):
    """Where each place of the view is in the picture, `[n, 3, 3]`: turned, nearer or further, leaning, mirrored."""
    turn = uniform(n, -0.3, 0.3) * strength
    scale = torch.exp(uniform(n, -0.7, 0.15) * strength)
    stretch = torch.exp(uniform(n, -0.2, 0.2) * strength)
    mirror = torch.where(chance(n, 0.5), 1.0, -1.0)
    # At times from further off, with another place around it.
    scale = torch.where(chance(n, 0.45 * strength), uniform(n, 1.05, 1.5), scale)
    matrix = torch.zeros(n, 3, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = turn.cos() * scale * stretch * mirror, -turn.sin() * scale
    matrix[:, 1, 0], matrix[:, 1, 1] = turn.sin() * scale * mirror, turn.cos() * scale / stretch
    room = (1.1 - scale).abs().clamp_min(0.08).unsqueeze(1) * 0.8
    matrix[:, :2, 2] = torch.empty(n, 2).uniform_(-1, 1) * room * strength.view(n, 1)
    matrix[:, 2, :2] = torch.empty(n, 2).uniform_(-0.18, 0.18) * strength.view(n, 1)
    matrix[:, 2, 2] = 1
    return matrix


def backgrounds(x, side):
    """A flat colour, a gradient, or another picture, as it is or blurred."""
    n = len(x)
    flat = torch.rand(n, 3, 1, 1) * 0.5 + torch.where(chance(n, 0.6), 0.5, 0.0).view(n, 1, 1, 1)
    gradient = F.interpolate(torch.rand(n, 3, 2, 2) * 0.5 + 0.4, size=(side, side), mode="bilinear")
    blurred = F.interpolate(F.adaptive_avg_pool2d(x[torch.randperm(n)], 12), size=(side, side), mode="bilinear")
    sharp = F.interpolate(x[torch.randperm(n)], size=(side, side), mode="bilinear", antialias=True)
    kind = torch.rand(n, 1, 1, 1)
    return torch.where(kind < 0.3, flat, torch.where(kind < 0.4, gradient, torch.where(kind < 0.6, blurred, sharp)))


def see(x, alpha, side, strength):
    """Another photo of each thing, `side` pixels across; `strength` 0 leaves it as it is, 1 is a phone in a hurry.

    `strength` is one number or `[n]`.
    """
    n = len(x)
    strength = torch.as_tensor(strength).expand(n)
    line = (torch.arange(side) + 0.5) * 2 / side - 1
    places = torch.stack([line.repeat(side), line.repeat_interleave(side), torch.ones(side * side)])
    where = projections(n, strength) @ places
    grid = (where[:, :2] / where[:, 2:].clamp_min(0.2)).transpose(1, 2).view(n, side, side, 2)
    # A photo of a thing cut out keeps its own edge; a whole photo loses its margin to the new background at times.
    inset = torch.where(chance(n, 0.3 * strength), uniform(n, 0.75, 0.95), 1.0).view(n, 1, 1)
    inside = ((inset - grid.abs().amax(3)) * side / 4).clamp(0, 1).unsqueeze(1)
    seen = F.grid_sample(torch.cat([x, alpha], 1), grid, padding_mode="border", align_corners=False)
    cut_out = (alpha.mean((1, 2, 3)) < 0.99).view(n, 1, 1, 1)
    cover = torch.where(cut_out, seen[:, 3:] * inside, inside)
    seen = seen[:, :3] * cover + backgrounds(x, side) * (1 - cover)

    # Something in front: a bar (a hanger, an arm) or a patch.
    centre, half = torch.empty(n, 2, 1, 1).uniform_(-1, 1), torch.empty(n, 2, 1, 1).uniform_(0.06, 0.35)
    y, x_ = line.view(1, side, 1), line.view(1, 1, side)
    covered = ((x_ - centre[:, 0]).abs() < half[:, 0]) & ((y - centre[:, 1]).abs() < half[:, 1])
    covered = (covered & chance(n, 0.4 * strength).view(n, 1, 1)).unsqueeze(1)
    seen = torch.where(covered, torch.rand(n, 3, 1, 1), seen)

    # Light, contrast, its colour; then the lens and the sensor.
    gain = torch.exp(uniform(n, -0.35, 0.3) * strength).view(n, 1, 1, 1)
    cast = torch.exp(torch.empty(n, 3, 1, 1).uniform_(-0.12, 0.12) * strength.view(n, 1, 1, 1))
    gamma = torch.exp(uniform(n, -0.25, 0.25) * strength).view(n, 1, 1, 1)
    seen = (seen.clamp(1e-3, 1) ** gamma * gain * cast)
    grey = (seen * GREY).sum(1, keepdim=True)
    seen = grey + (seen - grey) * torch.exp(uniform(n, -0.3, 0.2) * strength).view(n, 1, 1, 1)
    blurred = chance(n, 0.3)
    soft = (uniform(n, 0, 1) * strength)[blurred].view(-1, 1, 1, 1)
    sharp = seen[blurred]
    seen[blurred] = sharp + (F.avg_pool2d(F.pad(sharp, (1, 1, 1, 1), mode="replicate"), 3, 1) - sharp) * soft
    # A sensor's noise is gone from a photo made so small, but for the darkest.
    noisy = chance(n, 0.25)
    seen[noisy] += torch.randn_like(seen[noisy]) * (uniform(n, 0, 0.012) * strength)[noisy].view(-1, 1, 1, 1)
    return seen.clamp(0, 1)


def still(x, alpha, side):
    """The pictures themselves before another background, made small as the program does it: that leaves of a faint pattern
    what will be left."""
    x = x * alpha + backgrounds(x, x.shape[-1]) * (1 - alpha)
    return F.interpolate(x, size=(side, side), mode="bilinear", antialias=True)


def normalised(x):
    return (x - MEAN) / DEVIATION
