//! As many multiply-adds as a machine can do, for the bench to hold the kernels against.

#![expect(clippy::needless_range_loop, reason = "rows and columns of registers, as the algorithm names them")]

use super::vector::Vector;

/// More registers than any machine's multiply-adds take cycles, few enough that none is spilled.
const ROWS: usize = 6;
const COLUMNS: usize = 2;

/// Multiply-adds of vectors in a round.
pub const CHAINS: usize = ROWS * COLUMNS;

/// `rounds` times [`CHAINS`] multiply-adds in registers; gives something that depends on them all.
///
/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
pub unsafe fn multiply_adds<V: Vector>(rounds: usize, factor: f32) -> f32 {
    // SAFETY: the caller's; what is stored fits `numbers`.
    unsafe {
        let mut sums = [[V::splat(1.0); COLUMNS]; ROWS];
        let factor = V::splat(factor);
        for _ in 0..rounds {
            for row in 0..ROWS {
                for column in 0..COLUMNS {
                    sums[row][column] = sums[row][column].mul_add(factor, factor);
                }
            }
        }
        let mut total = V::splat(0.0);
        for sum in sums.into_iter().flatten() {
            total = total.add(sum);
        }
        let mut numbers = [0f32; 16];
        total.store(numbers.as_mut_ptr());
        numbers.iter().sum()
    }
}
