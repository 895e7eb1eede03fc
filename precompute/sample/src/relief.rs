//! Light and shade: cloth as a landscape of heights, lit from one side.

use tiny_skia::{FillRule, Mask, PathBuilder, Point, Transform};

use super::garments::Crease;
use super::noise::{Noise, smoothstep};
use super::random::Random;

/// Heights are kept at half the resolution of the photo: folds are soft, and it is four times
/// faster.
const STEP: usize = 2;

/// A grid of numbers over the photo.
#[derive(Clone, Debug)]
pub struct Field {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

impl Field {
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, values: vec![0.0; width * height] }
    }

    /// How much of each cell the mask covers.
    pub fn covered_by(mask: &Mask) -> Self {
        let stride = mask.width() as usize;
        let mut field = Self::new(stride / STEP, mask.height() as usize / STEP);
        for (row, line) in field.values.chunks_exact_mut(field.width).enumerate() {
            let upper = &mask.data()[row * STEP * stride..][..stride];
            let lower = &mask.data()[(row * STEP + 1) * stride..][..stride];
            let pairs = upper.chunks_exact(STEP).zip(lower.chunks_exact(STEP));
            for (value, (above, below)) in line.iter_mut().zip(pairs) {
                let sum: u32 = above.iter().chain(below).map(|&a| u32::from(a)).sum();
                *value = sum as f32 / (255.0 * (STEP * STEP) as f32);
            }
        }
        field
    }

    /// Blurred as if by a Gaussian: three box blurs of the given radius, in cells.
    pub fn blurred(&self, radius: usize) -> Self {
        let mut field = self.clone();
        let mut line = vec![0.0; self.width.max(self.height)];
        for _ in 0..3 {
            for row in 0..self.height {
                box_blur(&mut field.values[row * self.width..], 1, self.width, radius, &mut line);
            }
            for column in 0..self.width {
                box_blur(&mut field.values[column..], self.width, self.height, radius, &mut line);
            }
        }
        field
    }

    /// A field of the same size with the values of `value` at the cells' places in the photo.
    pub fn combined(&self, value: impl Fn(f32, f32) -> f32) -> Self {
        let mut field = Self::new(self.width, self.height);
        for (index, slot) in field.values.iter_mut().enumerate() {
            let place = |cell: usize| (cell * STEP) as f32 + STEP as f32 / 2.0;
            *slot = value(place(index % self.width), place(index / self.width));
        }
        field
    }

    /// The value at a pixel of the photo, interpolated; beyond the edge, the edge's.
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let u = (x / STEP as f32 - 0.5).clamp(0.0, (self.width - 1) as f32);
        let v = (y / STEP as f32 - 0.5).clamp(0.0, (self.height - 1) as f32);
        let (i, j) = (u as usize, v as usize);
        let (s, t) = (u - i as f32, v - j as f32);
        let (i1, j1) = ((i + 1).min(self.width - 1), (j + 1).min(self.height - 1));
        let cell = |i: usize, j: usize| self.values[j * self.width + i];
        (cell(i, j) * (1.0 - s) + cell(i1, j) * s) * (1.0 - t)
            + (cell(i, j1) * (1.0 - s) + cell(i1, j1) * s) * t
    }
}

/// Replaces `count` values, `stride` apart, by their running mean.
fn box_blur(values: &mut [f32], stride: usize, count: usize, radius: usize, line: &mut [f32]) {
    for (index, slot) in line[..count].iter_mut().enumerate() {
        *slot = values[index * stride];
    }
    let share = 1.0 / (2 * radius + 1) as f32;
    let last = count - 1;
    let mut sum: f32 = line[0] * radius as f32;
    sum += (0..=radius).map(|index| line[index.min(last)]).sum::<f32>();
    for index in 0..count {
        values[index * stride] = sum * share;
        sum += line[(index + radius + 1).min(last)] - line[index.saturating_sub(radius)];
    }
}

/// How brightly each part of a garment is lit; 1 is as bright as the cloth lying flat.
///
/// `cover` says where cloth is, `light` points to the lamp.
pub fn light_folds(
    cover: &Field,
    creases: &[Crease],
    camera: Transform,
    light: Point,
    random: &mut Random,
) -> Field {
    let pillow = cover.blurred(6);
    let mut heights = fold_heights(cover, creases, camera, random).blurred(2);
    let noise = Noise::new(random.bits());
    for (index, height) in heights.values.iter_mut().enumerate() {
        if pillow.values[index] == 0.0 {
            continue;
        }
        let (x, y) = ((index % cover.width) as f32, (index / cover.width) as f32);
        *height += 4.2 * pillow.values[index] + 4.0 * noise.clouds(x / 34.0, y / 40.0, 2);
    }
    let mut lit = Field::new(cover.width, cover.height);
    for y in 1..cover.height - 1 {
        for x in 1..cover.width - 1 {
            let index = y * cover.width + x;
            let slope_x = (heights.values[index + 1] - heights.values[index - 1]) / 2.0;
            let slope_y = (heights.values[index + cover.width] - heights.values[index - cover.width]) / 2.0;
            // Cloth leaning towards the lamp is brighter; edges turn away from everything.
            let lean = -(slope_x * light.x + slope_y * light.y);
            let edge = 0.86 + 0.14 * smoothstep(0.45, 0.95, pillow.values[index]);
            lit.values[index] = edge * (1.0 + 0.62 * lean.clamp(-0.5, 0.42));
        }
    }
    lit
}

/// The ridges and furrows of the creases, as far as they show this time.
fn fold_heights(cover: &Field, creases: &[Crease], camera: Transform, random: &mut Random) -> Field {
    let mut heights = Field::new(cover.width, cover.height);
    let Some(mut lens) = Mask::new(cover.width as u32, cover.height as u32) else {
        return heights;
    };
    let to_cells = camera.post_scale(1.0 / STEP as f32, 1.0 / STEP as f32);
    for crease in creases {
        let shows = random.chance(0.8);
        let size = random.within(0.7..1.7) * if random.chance(0.72) { 1.0 } else { -1.0 };
        let path = crease_path(crease, random);
        let Some(path) = path.filter(|_| shows) else {
            continue;
        };
        lens.clear();
        lens.fill_path(&path, FillRule::Winding, true, to_cells);
        for (height, &alpha) in heights.values.iter_mut().zip(lens.data()) {
            *height += size * f32::from(alpha) / 255.0;
        }
    }
    heights
}

/// A crease as a slim, slightly bowed leaf from one end to the other.
fn crease_path(crease: &Crease, random: &mut Random) -> Option<tiny_skia::Path> {
    let jitter = |p: Point, random: &mut Random| {
        Point::from_xy(p.x + random.within(-9.0..9.0), p.y + random.within(-12.0..12.0))
    };
    let (from, to) = (jitter(crease.from, random), jitter(crease.to, random));
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let length = (dx * dx + dy * dy).sqrt().max(1.0);
    let (nx, ny) = (-dy / length, dx / length);
    let bow = random.within(-0.12..0.12) * length;
    let width = crease.width * random.within(0.7..1.15);
    let middle = |side: f32| {
        let off = bow + side * width;
        // The belly of the leaf lies nearer to where the pull comes from.
        Point::from_xy(from.x + 0.42 * dx + nx * off, from.y + 0.42 * dy + ny * off)
    };
    let (left, right) = (middle(1.0), middle(-1.0));
    let mut builder = PathBuilder::new();
    builder.move_to(from.x, from.y);
    builder.quad_to(left.x, left.y, to.x, to.y);
    builder.quad_to(right.x, right.y, from.x, from.y);
    builder.close();
    builder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blurring_keeps_a_flat_field_flat() {
        let flat = Field { width: 12, height: 9, values: vec![0.75; 108] };
        assert!(flat.blurred(3).values.iter().all(|value| (value - 0.75).abs() < 1e-5));
    }

    #[test]
    fn interpolation_stays_between_its_neighbours() {
        let field = Field { width: 2, height: 2, values: vec![0.0, 1.0, 0.0, 1.0] };
        let middle = field.at(2.0, 2.0);
        assert!((0.4..0.6).contains(&middle), "{middle}");
        assert_eq!(field.at(-10.0, 0.0), 0.0);
        assert_eq!(field.at(50.0, 50.0), 1.0);
    }
}
