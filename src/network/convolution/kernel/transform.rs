//! Tiles to the 36 points where they are multiplied, and back (arXiv 1509.09308, section 4.3), 16 channels at a time.

#![expect(clippy::needless_range_loop, reason = "rows and columns of registers, as the algorithm names them")]

use super::vector::Vector;

/// B^T times six values.
///
/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn to_points<V: Vector>(d: [V; 6]) -> [V; 6] {
    // SAFETY: the caller's.
    unsafe {
        let [two, four, minus_four, minus_five] = [2.0, 4.0, -4.0, -5.0].map(|value| V::splat(value));
        let even = minus_four.mul_add(d[2], d[4]);
        let odd = minus_four.mul_add(d[1], d[3]);
        let outer = d[4].sub(d[2]);
        let inner = d[3].sub(d[1]);
        [
            four.mul_add(d[0], minus_five.mul_add(d[2], d[4])),
            even.add(odd),
            even.sub(odd),
            two.mul_add(inner, outer),
            V::splat(-2.0).mul_add(inner, outer),
            four.mul_add(d[1], minus_five.mul_add(d[3], d[5])),
        ]
    }
}

/// A^T times six values.
///
/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn from_points<V: Vector>(m: [V; 6]) -> [V; 4] {
    // SAFETY: the caller's.
    unsafe {
        let (near, near_odd) = (m[1].add(m[2]), m[1].sub(m[2]));
        let (far, far_odd) = (m[3].add(m[4]), m[3].sub(m[4]));
        [
            m[0].add(near).add(far),
            V::splat(2.0).mul_add(far_odd, near_odd),
            V::splat(4.0).mul_add(far, near),
            V::splat(8.0).mul_add(far_odd, near_odd).add(m[5]),
        ]
    }
}

/// B^T d B of the 6x6 pixels at `pixels`, rows `row` numbers apart and pixels 16, to 36 places `step` apart.
///
/// # Safety
/// Those pixels and places hold 16 numbers each.
#[inline(always)]
pub unsafe fn input<V: Vector>(pixels: *const f32, row: usize, points: *mut f32, step: usize) {
    // SAFETY: every offset is within what the caller promises.
    unsafe {
        for lanes in (0..16).step_by(V::LANES) {
            let mut half = [[V::splat(0.0); 6]; 6];
            for x in 0..6 {
                let mut column = [V::splat(0.0); 6];
                for y in 0..6 {
                    column[y] = V::load(pixels.add(y * row + x * 16 + lanes));
                }
                let column = to_points(column);
                for y in 0..6 {
                    half[y][x] = column[y];
                }
            }
            for y in 0..6 {
                let row = to_points(half[y]);
                for x in 0..6 {
                    row[x].store(points.add((y * 6 + x) * step + lanes));
                }
            }
        }
    }
}

/// What becomes of the 4x4 pixels of a tile.
#[derive(Clone, Copy)]
pub struct Finish {
    /// 16 numbers.
    pub bias: *const f32,
    /// max(x, 0).
    pub relu: bool,
    /// The largest of each 2x2.
    pub pool: bool,
    /// Rows and columns of the result that are within the picture.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
}

/// A^T m A of the 36 `points`, `step` apart, finished and written to `pixels`, rows `row` numbers apart and pixels 16.
///
/// # Safety
/// The points, the bias and the pixels within `finish.rows` and `finish.columns` hold 16 numbers each.
#[inline(always)]
pub unsafe fn output<V: Vector>(
    points: *const f32,
    step: usize,
    finish: Finish,
    pixels: *mut f32,
    row: usize,
) {
    // SAFETY: every offset is within what the caller promises.
    unsafe {
        for lanes in (0..16).step_by(V::LANES) {
            let bias = V::load(finish.bias.add(lanes));
            let floor = V::splat(if finish.relu { 0.0 } else { f32::NEG_INFINITY });
            let mut half = [[V::splat(0.0); 6]; 4];
            for x in 0..6 {
                let mut column = [V::splat(0.0); 6];
                for y in 0..6 {
                    column[y] = V::load(points.add((y * 6 + x) * step + lanes));
                }
                let column = from_points(column);
                for y in 0..4 {
                    half[y][x] = column[y];
                }
            }
            let mut tile = [[bias; 4]; 4];
            for y in 0..4 {
                let row = from_points(half[y]);
                for x in 0..4 {
                    tile[y][x] = row[x].add(bias).max(floor);
                }
            }
            if finish.pool {
                for y in 0..finish.rows {
                    for x in 0..finish.columns {
                        let above = tile[2 * y][2 * x].max(tile[2 * y][2 * x + 1]);
                        let below = tile[2 * y + 1][2 * x].max(tile[2 * y + 1][2 * x + 1]);
                        above.max(below).store(pixels.add(y * row + x * 16 + lanes));
                    }
                }
            } else if finish.rows == 4 && finish.columns == 4 {
                for y in 0..4 {
                    for x in 0..4 {
                        tile[y][x].store(pixels.add(y * row + x * 16 + lanes));
                    }
                }
            } else {
                for y in 0..finish.rows {
                    for x in 0..finish.columns {
                        tile[y][x].store(pixels.add(y * row + x * 16 + lanes));
                    }
                }
            }
        }
    }
}
