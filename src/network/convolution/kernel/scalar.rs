//! One number at a time.

use super::aligned_buffer::AlignedBuffer;
use super::vector::Vector;
use super::{DepthwiseJob, Job, PointwiseJob, peak, picture};

#[derive(Clone, Copy)]
pub struct Scalar(f32);

/// # Safety
/// As [`picture::run`].
pub unsafe fn run(job: &Job, read: &AlignedBuffer, write: &mut AlignedBuffer, tiles: &mut AlignedBuffer) {
    // SAFETY: as the caller's.
    unsafe { picture::run::<Scalar>(job, read, write, tiles) }
}

/// # Safety
/// As [`super::pointwise::run`].
pub unsafe fn pointwise(job: &PointwiseJob, read: &[f32], added: Option<&[f32]>, write: &mut [f32]) {
    // SAFETY: as the caller's.
    unsafe { super::pointwise::run::<Scalar>(job, read, added, write) }
}

/// # Safety
/// As [`super::depthwise::run`].
pub unsafe fn depthwise(job: &DepthwiseJob, read: &[f32], write: &mut [f32]) {
    // SAFETY: as the caller's.
    unsafe { super::depthwise::run::<Scalar>(job, read, write) }
}

/// # Safety
/// None is needed: one number at a time is what every machine has.
pub unsafe fn multiply_adds(rounds: usize, factor: f32) -> f32 {
    // SAFETY: every machine has these instructions.
    unsafe { peak::multiply_adds::<Scalar>(rounds, factor) }
}

// SAFETY of each: one number is read or written.
impl Vector for Scalar {
    const LANES: usize = 1;
    const ROWS: usize = 2;
    const COLUMNS: usize = 4;

    unsafe fn splat(value: f32) -> Scalar {
        Scalar(value)
    }

    unsafe fn load(from: *const f32) -> Scalar {
        // SAFETY: the caller's.
        Scalar(unsafe { *from })
    }

    unsafe fn load_i16(from: *const i16) -> Scalar {
        // SAFETY: the caller's.
        Scalar(f32::from(unsafe { *from }))
    }

    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's.
        unsafe { *to = self.0 }
    }

    unsafe fn add(self, other: Scalar) -> Scalar {
        Scalar(self.0 + other.0)
    }

    unsafe fn mul(self, other: Scalar) -> Scalar {
        Scalar(self.0 * other.0)
    }

    unsafe fn sub(self, other: Scalar) -> Scalar {
        Scalar(self.0 - other.0)
    }

    unsafe fn max(self, other: Scalar) -> Scalar {
        Scalar(self.0.max(other.0))
    }

    unsafe fn min(self, other: Scalar) -> Scalar {
        Scalar(self.0.min(other.0))
    }

    unsafe fn mul_add(self, factor: Scalar, term: Scalar) -> Scalar {
        Scalar(self.0 * factor.0 + term.0)
    }
}
