//! The scan's inner product, in whole numbers: exact, so the same on every machine. And the sums of axes that projecting and
//! decoding are made of, each in one order and without fused multiply-adds, so that every build gives the same bits.

/// Numbers that rows are padded to a multiple of; lanes of sums kept apart.
pub const LANES: usize = 16;
/// Axes that [`add_axes`] adds at a time: a number of the vector is read and written once for as many products.
pub const AXES_TOGETHER: usize = 8;

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
    let (mut sum, mut other) = (i32x4_splat(0), i32x4_splat(0));
    for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
        let (a, b) = (a.as_ptr().cast::<v128>(), b.as_ptr().cast::<v128>());
        // SAFETY: both are twice 8 numbers of 16 bits, and the loads need no alignment.
        unsafe {
            sum = i32x4_add(sum, i32x4_dot_i16x8(v128_load(a), v128_load(b)));
            other = i32x4_add(other, i32x4_dot_i16x8(v128_load(a.add(1)), v128_load(b.add(1))));
        }
    }
    let sum = i32x4_add(sum, other);
    let lanes = [
        i32x4_extract_lane::<0>(sum),
        i32x4_extract_lane::<1>(sum),
        i32x4_extract_lane::<2>(sum),
        i32x4_extract_lane::<3>(sum),
    ];
    lanes.into_iter().fold(0, i32::wrapping_add)
}

/// The sum of `axis` times `vector`, both of one length: number `i` goes to lane `i % LANES`, then lanes are summed in order.
///
/// # Panics
/// If the lengths differ.
pub fn product(axis: &[i8], vector: &[f32]) -> f32 {
    assert_eq!(axis.len(), vector.len(), "an axis has a number for each of the vector's");
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { product_avx2(axis, vector) };
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    return product_simd128(axis, vector);
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    product_in_lanes(axis, vector)
}

/// The definition, written so that the compiler vectorises it (where it is not asked for the smallest module).
#[cfg(any(test, not(all(target_arch = "wasm32", target_feature = "simd128"))))]
#[inline(always)]
fn product_in_lanes(axis: &[i8], vector: &[f32]) -> f32 {
    let mut lanes = [0f32; LANES];
    let ((axis, axis_rest), (vector, vector_rest)) = (axis.as_chunks::<LANES>(), vector.as_chunks::<LANES>());
    for (numbers, values) in axis.iter().zip(vector) {
        for lane in 0..LANES {
            lanes[lane] += f32::from(numbers[lane]) * values[lane];
        }
    }
    with_rest(lanes, axis_rest, vector_rest)
}

fn with_rest(mut lanes: [f32; LANES], axis: &[i8], vector: &[f32]) -> f32 {
    for (lane, (number, value)) in lanes.iter_mut().zip(axis.iter().zip(vector)) {
        *lane += f32::from(*number) * value;
    }
    lanes.iter().sum()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn product_avx2(axis: &[i8], vector: &[f32]) -> f32 {
    product_in_lanes(axis, vector)
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn product_simd128(axis: &[i8], vector: &[f32]) -> f32 {
    use std::arch::wasm32::*;
    let ((axis, axis_rest), (vector, vector_rest)) = (axis.as_chunks::<LANES>(), vector.as_chunks::<LANES>());
    let mut sums = [f32x4_splat(0.0); 4];
    for (numbers, values) in axis.iter().zip(vector) {
        // SAFETY: they are 16 numbers of 8 bits, and the load needs no alignment.
        let numbers = unsafe { v128_load(numbers.as_ptr().cast()) };
        let (low, high) = (i16x8_extend_low_i8x16(numbers), i16x8_extend_high_i8x16(numbers));
        let numbers = [
            i32x4_extend_low_i16x8(low),
            i32x4_extend_high_i16x8(low),
            i32x4_extend_low_i16x8(high),
            i32x4_extend_high_i16x8(high),
        ];
        let values = values.as_ptr().cast::<v128>();
        for (at, sum) in sums.iter_mut().enumerate() {
            // SAFETY: they are 4 times 4 numbers of 32 bits, and the load needs no alignment.
            let values = unsafe { v128_load(values.add(at)) };
            *sum = f32x4_add(*sum, f32x4_mul(f32x4_convert_i32x4(numbers[at]), values));
        }
    }
    let mut lanes = [0f32; LANES];
    for (lanes, sum) in lanes.as_chunks_mut::<4>().0.iter_mut().zip(sums) {
        // SAFETY: there is room for 4 numbers of 32 bits, and the store needs no alignment.
        unsafe { v128_store(lanes.as_mut_ptr().cast(), sum) };
    }
    with_rest(lanes, axis_rest, vector_rest)
}

/// Adds `factors` times `axes`, `[AXES_TOGETHER, dims]`, to `vector`, `[dims]`, one axis after the other.
///
/// # Panics
/// If the lengths are not so.
pub fn add_axes(factors: &[f32; AXES_TOGETHER], axes: &[f32], vector: &mut [f32]) {
    assert_eq!(axes.len(), AXES_TOGETHER * vector.len(), "axes have a number for each of the vector's");
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { add_axes_avx2(factors, axes, vector) };
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    return add_axes_simd128(factors, axes, vector);
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    add_axes_in_lanes(factors, axes, vector)
}

/// The definition.
fn add_axes_from(from: usize, factors: &[f32; AXES_TOGETHER], axes: &[f32], vector: &mut [f32]) {
    let dims = vector.len();
    for (at, value) in vector.iter_mut().enumerate().skip(from) {
        for (axis, factor) in factors.iter().enumerate() {
            *value += factor * axes[axis * dims + at];
        }
    }
}

/// The same, written so that the compiler vectorises it.
#[cfg(any(test, not(all(target_arch = "wasm32", target_feature = "simd128"))))]
#[inline(always)]
fn add_axes_in_lanes(factors: &[f32; AXES_TOGETHER], axes: &[f32], vector: &mut [f32]) {
    let dims = vector.len();
    let rows: [&[[f32; LANES]]; AXES_TOGETHER] =
        std::array::from_fn(|axis| axes[axis * dims..(axis + 1) * dims].as_chunks().0);
    let (whole, _) = vector.as_chunks_mut::<LANES>();
    for (at, values) in whole.iter_mut().enumerate() {
        for (row, factor) in rows.iter().zip(factors) {
            for (value, number) in values.iter_mut().zip(&row[at]) {
                *value += factor * number;
            }
        }
    }
    add_axes_from(dims / LANES * LANES, factors, axes, vector);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn add_axes_avx2(factors: &[f32; AXES_TOGETHER], axes: &[f32], vector: &mut [f32]) {
    add_axes_in_lanes(factors, axes, vector);
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn add_axes_simd128(factors: &[f32; AXES_TOGETHER], axes: &[f32], vector: &mut [f32]) {
    use std::arch::wasm32::*;
    let dims = vector.len();
    let (whole, _) = vector.as_chunks_mut::<4>();
    for (at, values) in whole.iter_mut().enumerate() {
        // SAFETY: they are 4 numbers of 32 bits, and neither load nor store needs alignment; of each of the axes, which have
        // `dims` numbers, those at the same place are read.
        unsafe {
            let mut sum = v128_load(values.as_ptr().cast());
            for (axis, factor) in factors.iter().enumerate() {
                let numbers = v128_load(axes.as_ptr().add(axis * dims + 4 * at).cast());
                sum = f32x4_add(sum, f32x4_mul(f32x4_splat(*factor), numbers));
            }
            v128_store(values.as_mut_ptr().cast(), sum);
        }
    }
    add_axes_from(dims / 4 * 4, factors, axes, vector);
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

        #[test]
        fn sums_of_axes_are_the_same_bits_however_they_are_made(
            pairs in prop::collection::vec((any::<i8>(), -9f32..9.0), 0..90),
            factors in prop::array::uniform8(-3f32..3.0),
        ) {
            let (axis, vector): (Vec<i8>, Vec<f32>) = pairs.into_iter().unzip();
            prop_assert_eq!(product(&axis, &vector).to_bits(), product_in_lanes(&axis, &vector).to_bits());
            let want: f64 = axis.iter().zip(&vector).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            // 90 products of at most 128 * 9, rounded to 24 bits.
            prop_assert!((f64::from(product(&axis, &vector)) - want).abs() <= 0.1);

            let axes: Vec<f32> = factors.iter().flat_map(|factor| vector.iter().map(move |v| v + factor)).collect();
            let mut defined = vector.clone();
            add_axes_from(0, &factors, &axes, &mut defined);
            let (mut made, mut in_lanes) = (vector.clone(), vector);
            add_axes(&factors, &axes, &mut made);
            add_axes_in_lanes(&factors, &axes, &mut in_lanes);
            prop_assert_eq!(&made, &defined);
            prop_assert_eq!(in_lanes, defined);
        }
    }
}
