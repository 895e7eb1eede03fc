//! 4 numbers at a time: wasm's simd128, fused where the module is built with relaxed SIMD. 8 of the 16 registers that the
//! machine below is sure to have hold sums.

use std::arch::wasm32::*;

super::vector::vector! {
    #[cfg_attr(feature = "relaxed-simd", target_feature(enable = "relaxed-simd"))]
    Simd128(v128): 4 numbers, 4 rows, 2 columns,
    f32x4_splat, v128_load, v128_store, f32x4_add, f32x4_mul, f32x4_sub, f32x4_pmax,
    f32x4_pmin,
    |from| f32x4_convert_i32x4(i32x4_load_extend_i16x4(from)),
    |a, b, c| multiply_add(a, b, c)
}

#[cfg(feature = "relaxed-simd")]
use f32x4_relaxed_madd as multiply_add;

#[cfg(not(feature = "relaxed-simd"))]
#[inline(always)]
fn multiply_add(a: v128, b: v128, c: v128) -> v128 {
    f32x4_add(f32x4_mul(a, b), c)
}
