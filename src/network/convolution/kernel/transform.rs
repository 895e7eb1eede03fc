//! Tiles to the points where they are multiplied, and back (arXiv 1509.09308, sections 4.1 and 4.3), 16 channels at a time.
//!
//! `P` is the points on a side, 6 for F(4x4, 3x3) and 4 for F(2x2, 3x3); `T` the pixels of a tile's, `P` - 2.

#![expect(clippy::needless_range_loop, reason = "rows and columns of registers, as the algorithm names them")]

use super::vector::Vector;

/// B^T times `P` values.
///
/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn to_points<V: Vector, const P: usize>(d: [V; P]) -> [V; P] {
    let mut points = d;
    // SAFETY: the caller's.
    unsafe {
        if P == 4 {
            points[0] = d[0].sub(d[2]);
            points[1] = d[1].add(d[2]);
            points[2] = d[2].sub(d[1]);
            points[3] = d[1].sub(d[3]);
            return points;
        }
        let [two, four, minus_four, minus_five] = [2.0, 4.0, -4.0, -5.0].map(|value| V::splat(value));
        let even = minus_four.mul_add(d[2], d[4]);
        let odd = minus_four.mul_add(d[1], d[3]);
        let outer = d[4].sub(d[2]);
        let inner = d[3].sub(d[1]);
        points[0] = four.mul_add(d[0], minus_five.mul_add(d[2], d[4]));
        points[1] = even.add(odd);
        points[2] = even.sub(odd);
        points[3] = two.mul_add(inner, outer);
        points[4] = V::splat(-2.0).mul_add(inner, outer);
        points[5] = four.mul_add(d[1], minus_five.mul_add(d[3], d[5]));
        points
    }
}

/// A^T times `P` values.
///
/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn from_points<V: Vector, const P: usize, const T: usize>(m: [V; P]) -> [V; T] {
    let mut tile = [m[0]; T];
    // SAFETY: the caller's.
    unsafe {
        let (near, near_odd) = (m[1].add(m[2]), m[1].sub(m[2]));
        if P == 4 {
            tile[0] = m[0].add(near);
            tile[1] = near_odd.sub(m[3]);
            return tile;
        }
        let (far, far_odd) = (m[3].add(m[4]), m[3].sub(m[4]));
        tile[0] = m[0].add(near).add(far);
        tile[1] = V::splat(2.0).mul_add(far_odd, near_odd);
        tile[2] = V::splat(4.0).mul_add(far, near);
        tile[3] = V::splat(8.0).mul_add(far_odd, near_odd).add(m[5]);
        tile
    }
}

/// B^T d B of the `P` x `P` pixels at `pixels`, rows `row` numbers apart and pixels 16, to as many places `step` apart.
///
/// # Safety
/// Those pixels and places hold 16 numbers each.
#[inline(always)]
pub unsafe fn input<V: Vector, const P: usize>(
    pixels: *const f32,
    row: usize,
    points: *mut f32,
    step: usize,
) {
    // SAFETY: every offset is within what the caller promises.
    unsafe {
        for lanes in (0..16).step_by(V::LANES) {
            let mut half = [[V::splat(0.0); P]; P];
            for x in 0..P {
                let mut column = [V::splat(0.0); P];
                for y in 0..P {
                    column[y] = V::load(pixels.add(y * row + x * 16 + lanes));
                }
                let column = to_points(column);
                for y in 0..P {
                    half[y][x] = column[y];
                }
            }
            for y in 0..P {
                let row = to_points(half[y]);
                for x in 0..P {
                    row[x].store(points.add((y * P + x) * step + lanes));
                }
            }
        }
    }
}

/// What becomes of the pixels of a tile.
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

/// A^T m A of the `P` x `P` `points`, `step` apart, finished and written to `pixels`, rows `row` numbers apart and pixels 16.
///
/// # Safety
/// The points, the bias and the pixels within `finish.rows` and `finish.columns` hold 16 numbers each.
#[inline(always)]
pub unsafe fn output<V: Vector, const P: usize, const T: usize>(
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
            let mut half = [[V::splat(0.0); P]; T];
            for x in 0..P {
                let mut column = [V::splat(0.0); P];
                for y in 0..P {
                    column[y] = V::load(points.add((y * P + x) * step + lanes));
                }
                let column = from_points::<V, P, T>(column);
                for y in 0..T {
                    half[y][x] = column[y];
                }
            }
            let mut tile = [[bias; T]; T];
            for y in 0..T {
                let row = from_points::<V, P, T>(half[y]);
                for x in 0..T {
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
            } else if finish.rows == T && finish.columns == T {
                for y in 0..T {
                    for x in 0..T {
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
