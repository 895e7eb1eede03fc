//! Pointwise (1x1) convolutions: a product of matrices, `[pixels, inputs]` by `[inputs, outputs]`, on values in blocks of 16
//! channels.
//!
//! ```text
//! for each tile of pixels whose inputs stay in the second level cache
//!     for each panel of outputs
//!         for each group of at most ROWS pixels of the tile
//!             sums[ROWS][COLUMNS] = bias + what is added         in registers
//!             for each input: sums += the pixels' inputs (splat) * the panel's weights (vectors)
//!             store sums, kept between floor and ceiling
//! ```
//!
//! It is the inner product of Goto and van de Geijn (Anatomy of high-performance matrix multiplication, 2008) with nothing
//! packed at run time: in blocks of 16 channels a pixel's inputs lie in whole cache lines already.

#![expect(clippy::needless_range_loop, reason = "rows and columns of registers, as the algorithm names them")]

use super::PointwiseJob;
use super::vector::Vector;

/// Numbers that the inputs of a tile of pixels take at most: 64 KB.
const TILE: usize = 1 << 14;

/// Vectors of outputs that are kept in registers: as many as the machine's product keeps, but no more than a block of 16.
pub const fn columns<V: Vector>() -> usize {
    let most = 16 / V::LANES;
    if V::COLUMNS < most { V::COLUMNS } else { most }
}

/// Does `job`.
///
/// # Safety
/// The machine has the instructions of `V`, and the lengths are as [`super::pointwise()`] checks them.
#[inline(always)]
pub unsafe fn run<V: Vector>(job: &PointwiseJob, read: &[f32], added: Option<&[f32]>, write: &mut [f32]) {
    let panel = columns::<V>() * V::LANES;
    let depth = job.weights.depth;
    let tile = (TILE / depth).max(4 * V::ROWS);
    let target = job.target;
    let read = read.as_ptr();
    let added = added.map(<[f32]>::as_ptr);
    let write = write.as_mut_ptr();
    let weights = job.weights.values.lines().as_ptr().cast::<f32>();
    let bias = job.weights.bias.lines().as_ptr().cast::<f32>();
    let mut start = 0;
    while start < job.pixels {
        let end = (start + tile).min(job.pixels);
        // Groups of nearly equal size: a last one of few pixels would leave registers idle.
        let groups = (end - start).div_ceil(V::ROWS);
        for output in (job.blocks.start * 16..job.blocks.end * 16).step_by(panel) {
            let (block, lane) = ((output / 16 - job.blocks.start), output % 16);
            // SAFETY: outputs are within the weights, pixels within what is read and the target within what is written.
            unsafe {
                let weights = weights.add(output * depth);
                let mut pixel = start;
                let (mut row, mut column) = (start / target.width, start % target.width);
                for group in 0..groups {
                    let rows = (end - pixel).div_ceil(groups - group);
                    let mut to = [write; 16];
                    for to in &mut to[..rows] {
                        let place = target.first + row * target.columns + column;
                        *to = write.add(block * job.write_step + place * 16 + lane);
                        column += 1;
                        if column == target.width {
                            (row, column) = (row + 1, 0);
                        }
                    }
                    let product = Product {
                        weights,
                        depth,
                        values: read.add(pixel * 16),
                        step: job.read_step,
                        bias: bias.add(output),
                        added: added.map(|added| added.add(block * job.write_step + pixel * 16 + lane)),
                        floor: job.limits.floor,
                        ceiling: job.limits.ceiling,
                    };
                    match columns::<V>() {
                        1 => product.rows::<V, 1>(rows, &to),
                        2 => product.rows::<V, 2>(rows, &to),
                        _ => product.rows::<V, 4>(rows, &to),
                    }
                    pixel += rows;
                }
            }
        }
        start = end;
    }
}

/// The product of a group of pixels side by side and a panel of outputs.
struct Product {
    /// `[depth, panel]`.
    weights: *const f32,
    depth: usize,
    /// The first pixel's first 16 inputs; the next pixel is 16 numbers on, the next 16 inputs `step`.
    values: *const f32,
    step: usize,
    /// `[panel]`.
    bias: *const f32,
    /// What is added to the first pixel's outputs; the next pixel is 16 numbers on.
    added: Option<*const f32>,
    floor: f32,
    ceiling: f32,
}

impl Product {
    /// Stores the outputs of `ROWS` pixels at `to`.
    ///
    /// # Safety
    /// Everything pointed to is there, and the machine has the instructions of `V`.
    #[inline(always)]
    unsafe fn block<V: Vector, const ROWS: usize, const COLUMNS: usize>(&self, to: &[*mut f32; 16]) {
        // SAFETY: the caller's.
        unsafe {
            let mut sums = [[V::splat(0.0); COLUMNS]; ROWS];
            for column in 0..COLUMNS {
                let bias = V::load(self.bias.add(column * V::LANES));
                for row in 0..ROWS {
                    sums[row][column] = match self.added {
                        Some(added) => bias.add(V::load(added.add(row * 16 + column * V::LANES))),
                        None => bias,
                    };
                }
            }
            let (mut weights, mut values, mut left) = (self.weights, self.values, self.depth);
            while left > 0 {
                let inputs = left.min(16);
                for input in 0..inputs {
                    let mut factors = [V::splat(0.0); COLUMNS];
                    for column in 0..COLUMNS {
                        factors[column] = V::load(weights.add(column * V::LANES));
                    }
                    weights = weights.add(COLUMNS * V::LANES);
                    for row in 0..ROWS {
                        let value = V::splat(*values.add(row * 16 + input));
                        for column in 0..COLUMNS {
                            sums[row][column] = value.mul_add(factors[column], sums[row][column]);
                        }
                    }
                }
                values = values.wrapping_add(self.step);
                left -= inputs;
            }
            let (floor, ceiling) = (V::splat(self.floor), V::splat(self.ceiling));
            for row in 0..ROWS {
                for column in 0..COLUMNS {
                    sums[row][column].max(floor).min(ceiling).store(to[row].add(column * V::LANES));
                }
            }
        }
    }

    /// The same for any number of pixels up to `V::ROWS`.
    ///
    /// # Safety
    /// As [`Product::block`], with `rows` for `ROWS`, which is from 1 to `V::ROWS`.
    #[inline(always)]
    unsafe fn rows<V: Vector, const COLUMNS: usize>(&self, rows: usize, to: &[*mut f32; 16]) {
        macro_rules! blocks {
            ($($count:literal)*) => {
                match rows {
                    $($count if $count <= V::ROWS => {
                        // SAFETY: the caller's.
                        unsafe { self.block::<V, $count, COLUMNS>(to) }
                    })*
                    _ => unreachable!("no more rows than registers"),
                }
            };
        }
        blocks!(1 2 3 4 5 6 7 8 9 10 11 12);
    }
}
