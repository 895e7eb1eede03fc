//! 8 numbers at a time: AVX2 and FMA. 12 of 16 registers hold sums.

use std::arch::x86_64::*;

super::vector::vector! {
    #[target_feature(enable = "avx2,fma")]
    Avx2(__m256): 8 numbers, 6 rows, 2 columns,
    _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_add_ps, _mm256_mul_ps, _mm256_sub_ps, _mm256_max_ps,
    _mm256_min_ps,
    |from| _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm_loadu_si128(from.cast()))),
    |a, b, c| _mm256_fmadd_ps(a, b, c)
}
