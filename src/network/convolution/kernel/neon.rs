//! 4 numbers at a time: NEON. 24 of 32 registers hold sums.

use std::arch::aarch64::*;

use super::memory::Lines;
use super::{Job, Vector, stage};

#[derive(Clone, Copy)]
pub struct Neon(float32x4_t);

/// # Safety
/// As [`stage::run`], on a machine that has the instructions.
pub unsafe fn run(job: &Job, read: &Lines, write: &mut Lines, tiles: &mut Lines) {
    // SAFETY: as the caller's.
    unsafe { stage::run::<Neon>(job, read, write, tiles) }
}

impl Vector for Neon {
    const LANES: usize = 4;
    const ROWS: usize = 6;
    const COLUMNS: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Neon {
        // SAFETY: the caller's machine has the instructions, here and below.
        Neon(unsafe { vdupq_n_f32(value) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Neon {
        // SAFETY: the caller's numbers.
        Neon(unsafe { vld1q_f32(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's numbers.
        unsafe { vst1q_f32(to, self.0) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Neon) -> Neon {
        // SAFETY: as above.
        Neon(unsafe { vaddq_f32(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn sub(self, other: Neon) -> Neon {
        // SAFETY: as above.
        Neon(unsafe { vsubq_f32(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn max(self, other: Neon) -> Neon {
        // SAFETY: as above.
        Neon(unsafe { vmaxq_f32(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Neon, term: Neon) -> Neon {
        // SAFETY: as above.
        Neon(unsafe { vfmaq_f32(term.0, self.0, factor.0) })
    }
}
