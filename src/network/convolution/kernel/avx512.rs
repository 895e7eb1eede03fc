//! 16 numbers at a time: AVX-512F. 24 of 32 registers hold sums.

use std::arch::x86_64::*;

super::vector::vector! {
    #[target_feature(enable = "avx512f")]
    Avx512(__m512): 16 numbers, 12 rows, 2 columns,
    _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_add_ps, _mm512_mul_ps, _mm512_sub_ps, _mm512_max_ps,
    _mm512_min_ps,
    |from| _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(_mm256_loadu_si256(from.cast()))),
    |a, b, c| _mm512_fmadd_ps(a, b, c)
}
