//! A convolution over a whole picture, for any kind of vector.

use super::super::Method;
use super::super::weights::Packed;
use super::aligned_buffer::AlignedBuffer;
use super::product::{self, Stored};
use super::transform::{self, Finish};
use super::vector::Vector;
use super::{Job, strides};

/// Does `job`.
///
/// # Safety
/// The machine has the instructions of `V`, and the lengths are as [`super::run`] checks them.
#[inline(always)]
pub unsafe fn run<V: Vector>(
    job: &Job,
    read: &AlignedBuffer,
    write: &mut AlignedBuffer,
    tiles: &mut AlignedBuffer,
) {
    let read = read.lines().as_ptr().cast::<f32>();
    let write = write.lines_mut().as_mut_ptr().cast::<f32>();
    let tiles = tiles.lines_mut().as_mut_ptr().cast::<f32>();
    // SAFETY: the caller's.
    unsafe {
        match job.weights {
            Packed::F32(weights) if job.method == Method::Direct => {
                direct::<V>(job, first(weights), read, write)
            }
            Packed::F32(weights) if job.method == Method::F2x2 => {
                winograd::<V, f32, 4, 2>(job, first(weights), std::ptr::null(), read, write, tiles);
            }
            Packed::F32(weights) => {
                winograd::<V, f32, 6, 4>(job, first(weights), std::ptr::null(), read, write, tiles);
            }
            Packed::I16 { numbers, scales } => {
                winograd::<V, i16, 4, 2>(job, first(numbers), first(scales), read, write, tiles);
            }
        }
    }
}

fn first<T>(lines: &AlignedBuffer) -> *const T {
    lines.lines().as_ptr().cast()
}

/// Winograd's algorithm, a block of tiles after the other: all of it stays in the caches between its three steps.
///
/// # Safety
/// As [`run`].
#[inline(always)]
unsafe fn winograd<V: Vector, W: Stored, const P: usize, const T: usize>(
    job: &Job,
    weights: *const W,
    scales: *const f32,
    read: *const f32,
    write: *mut f32,
    tiles: *mut f32,
) {
    let (depth, width) = (job.read.blocks * 16, job.write.blocks * 16);
    let across = job.read.width.div_ceil(T);
    let all = job.read.height.div_ceil(T) * across;
    let bias = first::<f32>(job.bias);
    let [values_stride, made_stride] = strides(job);
    let (read_row, write_row) = (job.read.columns * 16, job.write.columns * 16);
    let side = if job.pool { T / 2 } else { T };
    // SAFETY: tiles lie within the planes, whose sides are whole tiles and a border; points within the scratch memory.
    unsafe {
        let (values, made) = (tiles, tiles.add(P * P * values_stride));
        let mut done = 0;
        while done < all {
            let count = job.tiles.min(all - done);
            for block in 0..job.read.blocks {
                let plane = read.add(block * job.read.rows * read_row);
                for tile in 0..count {
                    let (y, x) = ((done + tile) / across, (done + tile) % across);
                    let pixels = plane.add(T * y * read_row + T * x * 16);
                    transform::input::<V, P>(
                        pixels,
                        read_row,
                        values.add(tile * depth + block * 16),
                        values_stride,
                    );
                }
            }
            for point in 0..P * P {
                let weights = weights.add(point * depth * width);
                let (values, made) = (values.add(point * values_stride), made.add(point * made_stride));
                let scales = scales.wrapping_add(point * width);
                products::<V, W>(weights, scales, values, made, count, depth, width);
            }
            for tile in 0..count {
                let (y, x) = ((done + tile) / across * side, (done + tile) % across * side);
                for block in 0..job.write.blocks {
                    let finish = Finish {
                        bias: bias.add(block * 16),
                        relu: job.relu,
                        pool: job.pool,
                        rows: job.write.height.saturating_sub(y).min(side),
                        columns: job.write.width.saturating_sub(x).min(side),
                    };
                    let plane = write.add(block * job.write.rows * write_row);
                    let pixels = plane.add((y + 1) * write_row + (x + 1) * 16);
                    transform::output::<V, P, T>(
                        made.add(tile * width + block * 16),
                        made_stride,
                        finish,
                        pixels,
                        write_row,
                    );
                }
            }
            done += count;
        }
    }
}

/// `made` `[count, width]` = `values` `[count, depth]` * `weights`, in panels.
///
/// # Safety
/// The lengths are as said.
#[inline(always)]
unsafe fn products<V: Vector, W: Stored>(
    weights: *const W,
    scales: *const f32,
    values: *const f32,
    made: *mut f32,
    count: usize,
    depth: usize,
    width: usize,
) {
    let panel = V::COLUMNS * V::LANES;
    // Groups of nearly equal size: a last one of few rows would leave registers idle.
    let groups = count.div_ceil(V::ROWS);
    let mut start = 0;
    while start < width {
        // SAFETY: panels lie one after the other, the last of half the size if need be.
        unsafe {
            let weights = weights.add(start * depth);
            let scales = scales.wrapping_add(start);
            let mut row = 0;
            for group in 0..groups {
                let rows = (count - row).div_ceil(groups - group);
                let (values, made) = (values.add(row * depth), made.add(row * width + start));
                if width - start >= panel {
                    match V::COLUMNS {
                        4 => product::rows::<V, W, 4>(rows, weights, scales, values, depth, made, width),
                        _ => product::rows::<V, W, 2>(rows, weights, scales, values, depth, made, width),
                    }
                } else {
                    product::rows::<V, W, 1>(rows, weights, scales, values, depth, made, width);
                }
                row += rows;
            }
        }
        start += panel;
    }
}

/// The definition, for pictures of few channels: `read` is framed, `[inputs, rows, columns]`.
///
/// # Safety
/// As [`run`].
#[inline(always)]
unsafe fn direct<V: Vector>(job: &Job, weights: *const f32, read: *const f32, write: *mut f32) {
    let (rows, columns) = (job.read.rows, job.read.columns);
    let width = job.write.blocks * 16;
    let bias = first::<f32>(job.bias);
    let row = job.write.columns * 16;
    for y in 0..job.read.height {
        for lanes in (0..width).step_by(V::LANES) {
            let panel = V::COLUMNS * V::LANES;
            let start = lanes / panel * panel;
            let step = panel.min(width - start);
            // SAFETY: the frame has a row and a column more than the picture on each side.
            unsafe {
                let weights = weights.add(start * job.inputs * 9 + (lanes - start));
                let plane = write.add(lanes / 16 * job.write.rows * row + lanes % 16);
                let line = plane.add((y + 1) * row + 16);
                let mut x = 0;
                while x < job.read.width {
                    let bias = V::load(bias.add(lanes));
                    let pixels = read.add(y * columns + x);
                    macro_rules! run {
                        ($count:literal) => {{
                            let at = |input: usize| pixels.add(input * rows * columns);
                            pixels_of::<V, $count>(
                                at,
                                job.inputs,
                                columns,
                                weights,
                                step,
                                bias,
                                job.relu,
                                line.add(x * 16),
                            );
                            x += $count;
                        }};
                    }
                    if job.read.width - x >= 8 { run!(8) } else { run!(1) }
                }
            }
        }
    }
}

/// `COUNT` pixels side by side, `V::LANES` channels of them.
///
/// # Safety
/// As [`run`].
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "inlined into one caller")]
unsafe fn pixels_of<V: Vector, const COUNT: usize>(
    at: impl Fn(usize) -> *const f32,
    inputs: usize,
    columns: usize,
    weights: *const f32,
    step: usize,
    bias: V,
    relu: bool,
    to: *mut f32,
) {
    // SAFETY: the caller's.
    unsafe {
        let mut sums = [bias; COUNT];
        for input in 0..inputs {
            for tap in 0..9 {
                let factor = V::load(weights.add((input * 9 + tap) * step));
                let pixels = at(input).add(tap / 3 * columns + tap % 3);
                for (pixel, sum) in sums.iter_mut().enumerate() {
                    *sum = V::splat(*pixels.add(pixel)).mul_add(factor, *sum);
                }
            }
        }
        let floor = V::splat(if relu { 0.0 } else { f32::NEG_INFINITY });
        for (pixel, sum) in sums.into_iter().enumerate() {
            sum.max(floor).store(to.add(pixel * 16));
        }
    }
}
