//! 16 numbers at a time: AVX-512F. 24 of 32 registers hold sums.

use std::arch::x86_64::*;

use super::memory::Lines;
use super::{Job, Vector, stage};

#[derive(Clone, Copy)]
pub struct Avx512(__m512);

/// # Safety
/// As [`stage::run`], on a machine that has the instructions.
#[target_feature(enable = "avx512f")]
pub unsafe fn run(job: &Job, read: &Lines, write: &mut Lines, tiles: &mut Lines) {
    // SAFETY: as the caller's.
    unsafe { stage::run::<Avx512>(job, read, write, tiles) }
}

impl Vector for Avx512 {
    const LANES: usize = 16;
    const ROWS: usize = 12;
    const COLUMNS: usize = 2;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Avx512 {
        // SAFETY: the caller's machine has the instructions, here and below.
        Avx512(unsafe { _mm512_set1_ps(value) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Avx512 {
        // SAFETY: the caller's numbers.
        Avx512(unsafe { _mm512_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's numbers.
        unsafe { _mm512_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Avx512) -> Avx512 {
        // SAFETY: as above.
        Avx512(unsafe { _mm512_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn sub(self, other: Avx512) -> Avx512 {
        // SAFETY: as above.
        Avx512(unsafe { _mm512_sub_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn max(self, other: Avx512) -> Avx512 {
        // SAFETY: as above.
        Avx512(unsafe { _mm512_max_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Avx512, term: Avx512) -> Avx512 {
        // SAFETY: as above.
        Avx512(unsafe { _mm512_fmadd_ps(self.0, factor.0, term.0) })
    }
}
