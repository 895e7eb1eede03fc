//! The scan's inner product, in whole numbers: exact, so the same on every machine.

/// Numbers that rows are padded to a multiple of.
pub const LANES: usize = 16;

/// The sum of `a` times `b`; both of one length, a multiple of [`LANES`]. Wraps around where it is over 32 bits.
///
/// # Panics
/// If the lengths are not so.
pub fn dot(a: &[i16], b: &[i16]) -> i32 {
    assert!(a.len() == b.len() && a.len().is_multiple_of(LANES), "rows are padded alike");
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, and the lengths were checked.
        return unsafe { dot_avx2(a, b) };
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    return dot_simd128(a, b);
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    dot_scalar(a, b)
}

/// The definition: what the others must agree with.
#[cfg(any(test, not(all(target_arch = "wasm32", target_feature = "simd128"))))]
fn dot_scalar(a: &[i16], b: &[i16]) -> i32 {
    a.iter().zip(b).fold(0, |sum, (a, b)| sum.wrapping_add(i32::from(*a) * i32::from(*b)))
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dot_avx2(a: &[i16], b: &[i16]) -> i32 {
    use std::arch::x86_64::*;
    let mut sum = _mm256_setzero_si256();
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        // SAFETY: both are 16 numbers of 16 bits, and the loads need no alignment.
        let (a, b) =
            unsafe { (_mm256_loadu_si256(a.as_ptr().cast()), _mm256_loadu_si256(b.as_ptr().cast())) };
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
    }
    let mut lanes = [0i32; 8];
    // SAFETY: there is room for 8 numbers of 32 bits, and the store needs no alignment.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), sum) };
    lanes.into_iter().fold(0, i32::wrapping_add)
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn dot_simd128(a: &[i16], b: &[i16]) -> i32 {
    use std::arch::wasm32::*;
    let mut sum = i32x4_splat(0);
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        // SAFETY: both are 8 numbers of 16 bits, and the loads need no alignment.
        let (a, b) = unsafe { (v128_load(a.as_ptr().cast()), v128_load(b.as_ptr().cast())) };
        sum = i32x4_add(sum, i32x4_dot_i16x8(a, b));
    }
    let lanes = [
        i32x4_extract_lane::<0>(sum),
        i32x4_extract_lane::<1>(sum),
        i32x4_extract_lane::<2>(sum),
        i32x4_extract_lane::<3>(sum),
    ];
    lanes.into_iter().fold(0, i32::wrapping_add)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn agrees_with_the_definition(pairs in prop::collection::vec((any::<i16>(), any::<i16>()), 0..90)) {
            let whole = pairs.len() / LANES * LANES;
            let (a, b): (Vec<i16>, Vec<i16>) = pairs[..whole].iter().copied().unzip();
            prop_assert_eq!(dot(&a, &b), dot_scalar(&a, &b));
        }
    }
}
