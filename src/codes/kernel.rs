//! The scan's inner product and the sums of axes that decoding is made of, in whole numbers: exact, so the same on every
//! machine. And the product that projecting is made of, in one order and without fused multiply-adds: the same bits, too.

/// Numbers that rows are padded to a multiple of; lanes of sums kept apart.
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

/// `values` in units, as fine as 16 bits allow and so that the sum of all, times `most` of each at most, is within 32; and
/// the unit. Past the end of `most` it is 0.
pub fn in_units(values: &[f32], most: &[u16]) -> (Vec<i16>, f32) {
    // (`f32::max` is a call in wasm.)
    let largest = values.iter().fold(0f32, |most, value| if value.abs() > most { value.abs() } else { most });
    let sum: f32 = values.iter().zip(most).map(|(value, most)| f32::from(*most) * value.abs()).sum();
    let unit = (largest / f32::from(i16::MAX)).max(sum / (i32::MAX >> 1) as f32);
    let inverse = if unit > 0.0 { 1.0 / unit } else { 0.0 };
    (values.iter().map(|value| (value * inverse).round_ties_even() as i16).collect(), unit)
}

/// The sum of `numbers` times `vector`, both of one length, a multiple of [`LANES`]: number `i` goes to lane `i % LANES`, then
/// lanes are summed in order.
///
/// # Panics
/// If the lengths are not so.
pub fn product(numbers: &[i16], vector: &[f32]) -> f32 {
    assert!(numbers.len() == vector.len() && numbers.len().is_multiple_of(LANES), "vectors are padded alike");
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { product_avx2(numbers, vector) };
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    return product_simd128(numbers, vector);
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    product_in_lanes(numbers, vector)
}

/// The definition, written so that the compiler vectorises it (where it is not asked for the smallest module).
#[cfg(any(test, not(all(target_arch = "wasm32", target_feature = "simd128"))))]
#[inline(always)]
fn product_in_lanes(numbers: &[i16], vector: &[f32]) -> f32 {
    let mut lanes = [0f32; LANES];
    for (numbers, values) in numbers.as_chunks::<LANES>().0.iter().zip(vector.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            lanes[lane] += f32::from(numbers[lane]) * values[lane];
        }
    }
    lanes.iter().sum()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn product_avx2(numbers: &[i16], vector: &[f32]) -> f32 {
    product_in_lanes(numbers, vector)
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn product_simd128(numbers: &[i16], vector: &[f32]) -> f32 {
    use std::arch::wasm32::*;
    let mut sums = [f32x4_splat(0.0); 4];
    for (numbers, values) in numbers.as_chunks::<LANES>().0.iter().zip(vector.as_chunks::<LANES>().0) {
        let (numbers, values) = (numbers.as_ptr().cast::<v128>(), values.as_ptr().cast::<v128>());
        // SAFETY: they are 16 numbers of 16 bits and 16 of 32, and the loads need no alignment.
        unsafe {
            let (first, second) = (v128_load(numbers), v128_load(numbers.add(1)));
            let add = |sum, numbers, values| {
                f32x4_add(sum, f32x4_mul(f32x4_convert_i32x4(numbers), v128_load(values)))
            };
            sums[0] = add(sums[0], i32x4_extend_low_i16x8(first), values);
            sums[1] = add(sums[1], i32x4_extend_high_i16x8(first), values.add(1));
            sums[2] = add(sums[2], i32x4_extend_low_i16x8(second), values.add(2));
            sums[3] = add(sums[3], i32x4_extend_high_i16x8(second), values.add(3));
        }
    }
    let mut lanes = [0f32; LANES];
    for (lanes, sum) in lanes.as_chunks_mut::<4>().0.iter_mut().zip(sums) {
        // SAFETY: there is room for 4 numbers of 32 bits, and the store needs no alignment.
        unsafe { v128_store(lanes.as_mut_ptr().cast(), sum) };
    }
    lanes.iter().sum()
}

/// Axes that [`add_axes`] adds at a time: a sum is read and written once for as many products.
pub const AXES_TOGETHER: usize = 16;
/// Dimensions of a [`Tile`].
pub const TILE_DIMS: usize = 8;
/// What [`AXES_TOGETHER`] axes have at [`TILE_DIMS`] dimensions, `[axes / 2, dims, 2]`: two axes' numbers lie side by side, as
/// the instructions want them that multiply and add pairs.
pub type Tile = [i16; AXES_TOGETHER * TILE_DIMS];

/// The tiles of `axes`, [`AXES_TOGETHER`] or fewer with `stride` numbers each, a multiple of [`TILE_DIMS`].
pub fn tiles(axes: &[i16], stride: usize) -> Vec<Tile> {
    let mut tiles = vec![[0; AXES_TOGETHER * TILE_DIMS]; stride / TILE_DIMS];
    let none = vec![0; stride];
    for (pair, axes) in axes.chunks(2 * stride).enumerate() {
        let (first, second) = axes.split_at(stride);
        let second = if second.is_empty() { &none } else { second };
        let rows = first.as_chunks().0.iter().zip(second.as_chunks().0);
        for (tile, (first, second)) in tiles.iter_mut().zip(rows) {
            side_by_side(first, second, &mut tile.as_chunks_mut().0[pair]);
        }
    }
    tiles
}

fn side_by_side(first: &[i16; TILE_DIMS], second: &[i16; TILE_DIMS], place: &mut [i16; 2 * TILE_DIMS]) {
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    {
        use std::arch::wasm32::*;
        // SAFETY: the loads are of 8 numbers of 16 bits, the stores of twice as many, and none needs alignment.
        unsafe {
            let (first, second) = (v128_load(first.as_ptr().cast()), v128_load(second.as_ptr().cast()));
            let place = place.as_mut_ptr().cast::<v128>();
            v128_store(place, i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(first, second));
            v128_store(place.add(1), i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(first, second));
        }
    }
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    for (place, (first, second)) in place.as_chunks_mut().0.iter_mut().zip(first.iter().zip(second)) {
        *place = [*first, *second];
    }
}

/// Adds `factors` times the axes in `tiles` to `sums`, both by [`TILE_DIMS`] dimensions. Wraps around where a sum is over 32 bits.
///
/// # Panics
/// If there are not as many of both.
pub fn add_axes(factors: &[i16; AXES_TOGETHER], tiles: &[Tile], sums: &mut [[i32; TILE_DIMS]]) {
    assert_eq!(tiles.len(), sums.len(), "a tile has its sums");
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { add_axes_avx2(factors, tiles, sums) };
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    return add_axes_simd128(factors, tiles, sums);
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    add_axes_scalar(factors, tiles, sums)
}

/// The definition.
#[cfg(any(test, not(all(target_arch = "wasm32", target_feature = "simd128"))))]
fn add_axes_scalar(factors: &[i16; AXES_TOGETHER], tiles: &[Tile], sums: &mut [[i32; TILE_DIMS]]) {
    for (tile, sums) in tiles.iter().zip(sums) {
        for (at, number) in tile.iter().enumerate() {
            let (pair, dim, second) = (at / (2 * TILE_DIMS), at / 2 % TILE_DIMS, at % 2);
            let product = i32::from(*number) * i32::from(factors[2 * pair + second]);
            sums[dim] = sums[dim].wrapping_add(product);
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn add_axes_avx2(factors: &[i16; AXES_TOGETHER], tiles: &[Tile], sums: &mut [[i32; TILE_DIMS]]) {
    use std::arch::x86_64::*;
    let pairs = factors.as_chunks::<2>().0;
    let pairs: [__m256i; AXES_TOGETHER / 2] = std::array::from_fn(|pair| {
        let [first, second] = pairs[pair].map(|factor| u32::from(factor as u16));
        _mm256_set1_epi32((first | second << 16) as i32)
    });
    for (tile, sums) in tiles.iter().zip(sums) {
        // SAFETY: of the tile the 8 times 16 numbers are read that it has, the sums are 8 numbers of 32 bits, and neither
        // loads nor the store need alignment.
        unsafe {
            let mut sum = _mm256_loadu_si256(sums.as_ptr().cast());
            for (pair, factors) in pairs.iter().enumerate() {
                let numbers = _mm256_loadu_si256(tile.as_ptr().cast::<__m256i>().add(pair));
                sum = _mm256_add_epi32(sum, _mm256_madd_epi16(numbers, *factors));
            }
            _mm256_storeu_si256(sums.as_mut_ptr().cast(), sum);
        }
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn add_axes_simd128(factors: &[i16; AXES_TOGETHER], tiles: &[Tile], sums: &mut [[i32; TILE_DIMS]]) {
    use std::arch::wasm32::*;
    /// Twice four dimensions of the pairs of axes that are named; written out, since a module built for size has loops.
    macro_rules! add_pairs {
        ($factors:ident, $tile:ident, $low:ident, $high:ident: $($pair:literal)*) => {
            $(
                $low = i32x4_add($low, i32x4_dot_i16x8(v128_load($tile.add(2 * $pair)), $factors[$pair]));
                $high = i32x4_add($high, i32x4_dot_i16x8(v128_load($tile.add(2 * $pair + 1)), $factors[$pair]));
            )*
        };
    }
    // SAFETY: the factors are 8 pairs of 32 bits, and the loads need no alignment.
    let pair = |at| unsafe { v128_load32_splat(factors.as_ptr().cast::<u32>().add(at)) };
    let factors = [pair(0), pair(1), pair(2), pair(3), pair(4), pair(5), pair(6), pair(7)];
    for (tile, sums) in tiles.iter().zip(sums) {
        let (tile, sums) = (tile.as_ptr().cast::<v128>(), sums.as_mut_ptr().cast::<v128>());
        // SAFETY: of the tile the 16 times 8 numbers are read that it has, the sums are twice 4 numbers of 32 bits, and
        // neither loads nor stores need alignment.
        unsafe {
            let (mut low, mut high) = (v128_load(sums), v128_load(sums.add(1)));
            add_pairs!(factors, tile, low, high: 0 1 2 3 4 5 6 7);
            v128_store(sums, low);
            v128_store(sums.add(1), high);
        }
    }
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
        fn products_are_the_same_bits_however_they_are_made(
            pairs in prop::collection::vec((any::<i16>(), -9f32..9.0), 0..90),
        ) {
            let whole = pairs.len() / LANES * LANES;
            let (numbers, vector): (Vec<i16>, Vec<f32>) = pairs[..whole].iter().copied().unzip();
            prop_assert_eq!(product(&numbers, &vector).to_bits(), product_in_lanes(&numbers, &vector).to_bits());
            let want: f64 = numbers.iter().zip(&vector).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            // 80 products of at most 2^15 * 9, rounded to 24 bits.
            prop_assert!((f64::from(product(&numbers, &vector)) - want).abs() <= 25.0);
        }

        #[test]
        fn sums_of_axes_agree_with_the_definition(
            axes in prop::collection::vec(prop::collection::vec(any::<i16>(), 24), 1..=AXES_TOGETHER),
            factors in prop::array::uniform16(any::<i16>()),
        ) {
            let tiles = tiles(&axes.concat(), 24);
            let mut sums = [[7i32; TILE_DIMS]; 3];
            add_axes(&factors, &tiles, &mut sums);
            let mut defined = [[7i32; TILE_DIMS]; 3];
            add_axes_scalar(&factors, &tiles, &mut defined);
            prop_assert_eq!(sums, defined);
            for (dim, sum) in sums.as_flattened().iter().enumerate() {
                let terms = axes.iter().zip(factors);
                let want = terms.map(|(axis, factor)| i32::from(axis[dim]) * i32::from(factor));
                prop_assert_eq!(*sum, want.fold(7, i32::wrapping_add));
            }
        }

        #[test]
        fn units_are_fine_and_sums_of_them_fit(values in prop::collection::vec(-9f32..9.0, 1..40), most in any::<u16>()) {
            let (numbers, unit) = in_units(&values, &vec![most; values.len()]);
            let sum: f64 = numbers.iter().map(|number| f64::from(number.unsigned_abs()) * f64::from(most)).sum();
            prop_assert!(sum <= f64::from(i32::MAX));
            for (value, number) in values.iter().zip(numbers) {
                prop_assert!((value - f32::from(number) * unit).abs() <= unit * 0.51);
            }
        }
    }
}
