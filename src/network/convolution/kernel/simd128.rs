//! 4 numbers at a time: wasm's simd128, fused where the module is built with relaxed SIMD. 8 of the 16 registers that the
//! machine below is sure to have hold sums.

use std::arch::wasm32::*;

use super::memory::Lines;
use super::{Job, Vector, stage};

#[derive(Clone, Copy)]
pub struct Simd128(v128);

/// # Safety
/// As [`stage::run`], on a machine that has the instructions.
#[cfg_attr(feature = "relaxed-simd", target_feature(enable = "relaxed-simd"))]
pub unsafe fn run(job: &Job, read: &Lines, write: &mut Lines, tiles: &mut Lines) {
    // SAFETY: as the caller's.
    unsafe { stage::run::<Simd128>(job, read, write, tiles) }
}

impl Vector for Simd128 {
    const LANES: usize = 4;
    const ROWS: usize = 4;
    const COLUMNS: usize = 2;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Simd128 {
        Simd128(f32x4_splat(value))
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Simd128 {
        // SAFETY: the caller's numbers.
        Simd128(unsafe { v128_load(from.cast()) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's numbers.
        unsafe { v128_store(to.cast(), self.0) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Simd128) -> Simd128 {
        Simd128(f32x4_add(self.0, other.0))
    }

    #[inline(always)]
    unsafe fn sub(self, other: Simd128) -> Simd128 {
        Simd128(f32x4_sub(self.0, other.0))
    }

    #[inline(always)]
    unsafe fn max(self, other: Simd128) -> Simd128 {
        Simd128(f32x4_pmax(self.0, other.0))
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Simd128, term: Simd128) -> Simd128 {
        #[cfg(feature = "relaxed-simd")]
        return Simd128(f32x4_relaxed_madd(self.0, factor.0, term.0));
        #[cfg(not(feature = "relaxed-simd"))]
        Simd128(f32x4_add(f32x4_mul(self.0, factor.0), term.0))
    }
}
