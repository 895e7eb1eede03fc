//! Depthwise 3x3 convolutions: each channel by itself, 16 channels side by side.

use super::DepthwiseJob;
use super::vector::Vector;

/// Does `job`: one block of 16 channels.
///
/// # Safety
/// The machine has the instructions of `V`, and the lengths are as [`super::depthwise()`] checks them.
#[inline(always)]
pub unsafe fn run<V: Vector>(job: &DepthwiseJob, read: &[f32], write: &mut [f32]) {
    // SAFETY: the caller's.
    unsafe {
        match job.stride {
            1 => rows::<V, 1>(job, read, write),
            _ => rows::<V, 2>(job, read, write),
        }
    }
}

/// The same for windows `STRIDE` pixels apart.
///
/// # Safety
/// As [`run`].
#[inline(always)]
unsafe fn rows<V: Vector, const STRIDE: usize>(job: &DepthwiseJob, read: &[f32], write: &mut [f32]) {
    for row in 0..job.height {
        for lanes in (0..16).step_by(V::LANES) {
            // SAFETY: lanes are within the 16 of each pixel, windows within the frame.
            unsafe {
                let from = read.as_ptr().add(row * STRIDE * job.columns * 16 + lanes);
                let to = write.as_mut_ptr().add(row * job.width * 16 + lanes);
                let mut column = 0;
                while column < job.width {
                    let (from, to) = (from.add(column * STRIDE * 16), to.add(column * 16));
                    match job.width - column {
                        8.. => pixels::<V, STRIDE, 8>(job, lanes, from, to),
                        4.. => pixels::<V, STRIDE, 4>(job, lanes, from, to),
                        _ => pixels::<V, STRIDE, 1>(job, lanes, from, to),
                    }
                    column += match job.width - column {
                        8.. => 8,
                        4.. => 4,
                        _ => 1,
                    };
                }
            }
        }
    }
}

/// `COUNT` pixels side by side.
///
/// # Safety
/// As [`run`].
#[inline(always)]
unsafe fn pixels<V: Vector, const STRIDE: usize, const COUNT: usize>(
    job: &DepthwiseJob,
    lanes: usize,
    from: *const f32,
    to: *mut f32,
) {
    // SAFETY: the caller's.
    unsafe {
        let mut sums = [V::load(job.weights.bias.as_ptr().add(lanes)); COUNT];
        for (row, taps) in job.weights.taps.as_chunks::<3>().0.iter().enumerate() {
            let from = from.add(row * job.columns * 16);
            let taps = [0, 1, 2].map(|tap| V::load(taps[tap].as_ptr().add(lanes)));
            for (tap, weight) in taps.iter().enumerate() {
                for (pixel, sum) in sums.iter_mut().enumerate() {
                    *sum = V::load(from.add((pixel * STRIDE + tap) * 16)).mul_add(*weight, *sum);
                }
            }
        }
        let (floor, ceiling) = (V::splat(job.limits.floor), V::splat(job.limits.ceiling));
        for (pixel, sum) in sums.into_iter().enumerate() {
            sum.max(floor).min(ceiling).store(to.add(pixel * 16));
        }
    }
}
