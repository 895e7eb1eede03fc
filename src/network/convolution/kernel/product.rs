//! The matrix product in the middle of Winograd's algorithm, in registers.

#![expect(clippy::needless_range_loop, reason = "rows and columns of registers, as the algorithm names them")]

use super::vector::Vector;

/// Weights as they lie in memory.
pub trait Stored: Copy {
    /// `V::LANES` of them.
    ///
    /// # Safety
    /// They are there, and the machine has the instructions of `V`.
    unsafe fn load<V: Vector>(from: *const Self) -> V;

    /// What a sum of products with what [`Stored::load`] gives stands for; `scales` holds one for each lane if the kind has any.
    ///
    /// # Safety
    /// As [`Stored::load`].
    unsafe fn scaled<V: Vector>(sum: V, scales: *const f32) -> V;
}

impl Stored for f32 {
    #[inline(always)]
    unsafe fn load<V: Vector>(from: *const f32) -> V {
        // SAFETY: the caller's.
        unsafe { V::load(from) }
    }

    #[inline(always)]
    unsafe fn scaled<V: Vector>(sum: V, _: *const f32) -> V {
        sum
    }
}

impl Stored for i16 {
    #[inline(always)]
    unsafe fn load<V: Vector>(from: *const i16) -> V {
        // SAFETY: the caller's.
        unsafe { V::load_i16(from) }
    }

    #[inline(always)]
    unsafe fn scaled<V: Vector>(sum: V, scales: *const f32) -> V {
        // SAFETY: the caller's.
        unsafe { sum.mul(V::load(scales)) }
    }
}

/// `made[row, 0..COLUMNS * LANES]` = the sum over `depth` of `values[row, depth]` * `weights[depth, 0..COLUMNS * LANES]`.
///
/// # Safety
/// `weights` holds `[depth, COLUMNS * LANES]` and `values` `[ROWS, depth]`; `made` has room for `COLUMNS * LANES` numbers at
/// each of `ROWS` steps of `made_step`; `scales` holds as many if the kind of weights has any.
#[inline(always)]
unsafe fn block<V: Vector, W: Stored, const ROWS: usize, const COLUMNS: usize>(
    weights: *const W,
    scales: *const f32,
    values: *const f32,
    depth: usize,
    made: *mut f32,
    made_step: usize,
) {
    // SAFETY: every offset is within what the caller promises.
    unsafe {
        let mut sums = [[V::splat(0.0); COLUMNS]; ROWS];
        for input in 0..depth {
            let from = weights.add(input * COLUMNS * V::LANES);
            let mut factors = [V::splat(0.0); COLUMNS];
            for column in 0..COLUMNS {
                factors[column] = W::load(from.add(column * V::LANES));
            }
            for row in 0..ROWS {
                let value = V::splat(*values.add(row * depth + input));
                for column in 0..COLUMNS {
                    sums[row][column] = value.mul_add(factors[column], sums[row][column]);
                }
            }
        }
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                let sum = W::scaled(sums[row][column], scales.wrapping_add(column * V::LANES));
                sum.store(made.add(row * made_step + column * V::LANES));
            }
        }
    }
}

/// The same for any number of rows up to `V::ROWS`.
///
/// # Safety
/// As [`block`], with `rows` for `ROWS`, which is from 1 to `V::ROWS`.
#[inline(always)]
pub unsafe fn rows<V: Vector, W: Stored, const COLUMNS: usize>(
    rows: usize,
    weights: *const W,
    scales: *const f32,
    values: *const f32,
    depth: usize,
    made: *mut f32,
    made_step: usize,
) {
    macro_rules! blocks {
        ($($count:literal)*) => {
            match rows {
                $($count if $count <= V::ROWS => {
                    // SAFETY: the caller's.
                    unsafe { block::<V, W, $count, COLUMNS>(weights, scales, values, depth, made, made_step) }
                })*
                _ => unreachable!("no more rows than registers"),
            }
        };
    }
    blocks!(1 2 3 4 5 6 7 8 9 10 11 12);
}
