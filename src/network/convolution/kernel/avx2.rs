//! 8 numbers at a time: AVX2 and FMA. 12 of 16 registers hold sums.

use std::arch::x86_64::*;

use super::memory::Lines;
use super::{Job, Vector, stage};

#[derive(Clone, Copy)]
pub struct Avx2(__m256);

/// # Safety
/// As [`stage::run`], on a machine that has the instructions.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn run(job: &Job, read: &Lines, write: &mut Lines, tiles: &mut Lines) {
    // SAFETY: as the caller's.
    unsafe { stage::run::<Avx2>(job, read, write, tiles) }
}

impl Vector for Avx2 {
    const LANES: usize = 8;
    const ROWS: usize = 6;
    const COLUMNS: usize = 2;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Avx2 {
        // SAFETY: the caller's machine has the instructions, here and below.
        Avx2(unsafe { _mm256_set1_ps(value) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Avx2 {
        // SAFETY: the caller's numbers.
        Avx2(unsafe { _mm256_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's numbers.
        unsafe { _mm256_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Avx2) -> Avx2 {
        // SAFETY: as above.
        Avx2(unsafe { _mm256_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn sub(self, other: Avx2) -> Avx2 {
        // SAFETY: as above.
        Avx2(unsafe { _mm256_sub_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn max(self, other: Avx2) -> Avx2 {
        // SAFETY: as above.
        Avx2(unsafe { _mm256_max_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Avx2, term: Avx2) -> Avx2 {
        // SAFETY: as above.
        Avx2(unsafe { _mm256_fmadd_ps(self.0, factor.0, term.0) })
    }
}
