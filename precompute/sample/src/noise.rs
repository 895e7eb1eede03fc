//! Smooth random fields: value noise, the raw material of melange, tie-dye, camouflage, wood and
//! folds.

/// Value noise over the plane: smooth, from 0 to 1, with features about one unit wide.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    seed: u32,
}

impl Noise {
    /// The field that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed: (seed ^ (seed >> 32)) as u32 }
    }

    /// An unsmoothed random value, 0 to 1, for one cell of the integer grid.
    pub fn cell(self, x: i32, y: i32) -> f32 {
        let mut h = (x as u32).wrapping_mul(0x9e37_79b1) ^ (y as u32).wrapping_mul(0x85eb_ca77) ^ self.seed;
        h = (h ^ (h >> 15)).wrapping_mul(0x2c1b_3c6d);
        h = (h ^ (h >> 12)).wrapping_mul(0x297a_2d39);
        h ^= h >> 15;
        (h >> 8) as f32 / (1u32 << 24) as f32
    }

    /// The smooth value at a point.
    pub fn at(self, x: f32, y: f32) -> f32 {
        let (x0, y0) = (x.floor(), y.floor());
        let (u, v) = (ease(x - x0), ease(y - y0));
        let (i, j) = (x0 as i32, y0 as i32);
        let top = self.cell(i, j) * (1.0 - u) + self.cell(i + 1, j) * u;
        let bottom = self.cell(i, j + 1) * (1.0 - u) + self.cell(i + 1, j + 1) * u;
        top * (1.0 - v) + bottom * v
    }

    /// Several octaves on top of each other, still from 0 to 1: clouds rather than bumps.
    pub fn clouds(self, x: f32, y: f32, octaves: u32) -> f32 {
        let (mut sum, mut weight, mut scale, mut total) = (0.0, 1.0, 1.0, 0.0);
        for octave in 0..octaves {
            let layer = Self { seed: self.seed.wrapping_add(octave * 0x51ed) };
            sum += weight * layer.at(x * scale, y * scale);
            total += weight;
            weight *= 0.5;
            scale *= 2.03; // not 2, or the grids of the octaves would show where they meet
        }
        sum / total
    }
}

/// Smoothstep on 0..=1.
fn ease(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

/// 0 below `low`, 1 above `high`, smooth between.
pub fn smoothstep(low: f32, high: f32, value: f32) -> f32 {
    ease(((value - low) / (high - low)).clamp(0.0, 1.0))
}
