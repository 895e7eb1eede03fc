//! The sums behind all three distances in one pass over two embeddings, and their scalar twin.
//!
//! One algorithm, written so that the compiler vectorises it, compiled again for AVX2 and AVX-512. Lanes are summed in
//! f32 over short runs and the runs in f64, so the error does not grow with the number of dimensions; nothing is
//! contracted to fused multiply-adds, so every build gives the same bits.

/// Lanes kept apart within a run: two vectors of AVX2, four of SSE2, NEON and wasm.
const LANES: usize = 16;
/// Dimensions summed in f32 before the sum goes to f64: 16 a lane, which bounds the f32 rounding error at 16 ulp.
const RUN: usize = 16 * LANES;

/// Sums over the dimensions of two vectors x and y.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// Sum of x * y.
    pub product: f64,
    /// Sum of (x - y)^2.
    pub squared: f64,
    /// Sum of |x - y|.
    pub absolute: f64,
}

/// The sums over `a` and `b`, both `[dims]`.
///
/// # Panics
/// If their lengths differ.
pub fn sums(a: &[f32], b: &[f32]) -> Sums {
    assert_eq!(a.len(), b.len(), "embeddings of one network have one length");
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has AVX-512F.
            return unsafe { sums_avx512(a, b) };
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            return unsafe { sums_avx2(a, b) };
        }
    }
    in_lanes(a, b)
}

/// The definition: what the vectorised sums must agree with. Same arguments as [`sums`].
pub fn sums_scalar(a: &[f32], b: &[f32]) -> Sums {
    let mut sums = Sums::default();
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (f64::from(*x), f64::from(*y));
        sums.product += x * y;
        sums.squared += (x - y) * (x - y);
        sums.absolute += (x - y).abs();
    }
    sums
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn sums_avx2(a: &[f32], b: &[f32]) -> Sums {
    in_lanes(a, b)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn sums_avx512(a: &[f32], b: &[f32]) -> Sums {
    in_lanes(a, b)
}

#[inline(always)]
fn in_lanes(a: &[f32], b: &[f32]) -> Sums {
    let mut sums = Sums::default();
    for (a, b) in a.chunks(RUN).zip(b.chunks(RUN)) {
        let mut product = [0f32; LANES];
        let mut squared = [0f32; LANES];
        let mut absolute = [0f32; LANES];
        let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        for (x, y) in a.iter().zip(b) {
            for lane in 0..LANES {
                let difference = x[lane] - y[lane];
                product[lane] += x[lane] * y[lane];
                squared[lane] += difference * difference;
                absolute[lane] += difference.abs();
            }
        }
        for (lane, (x, y)) in a_rest.iter().zip(b_rest).enumerate() {
            product[lane] += x * y;
            squared[lane] += (x - y) * (x - y);
            absolute[lane] += (x - y).abs();
        }
        sums.product += product.iter().map(|sum| f64::from(*sum)).sum::<f64>();
        sums.squared += squared.iter().map(|sum| f64::from(*sum)).sum::<f64>();
        sums.absolute += absolute.iter().map(|sum| f64::from(*sum)).sum::<f64>();
    }
    sums
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vectors() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
        (0usize..1100).prop_flat_map(|dims| {
            let values = || prop::collection::vec(-100f32..100.0, dims);
            (values(), values())
        })
    }

    proptest! {
        #[test]
        fn lanes_agree_with_the_definition((a, b) in vectors()) {
            let (got, want) = (sums(&a, &b), sums_scalar(&a, &b));
            let scale = sums_scalar(&a, &a).product + sums_scalar(&b, &b).product;
            prop_assert!((got.product - want.product).abs() <= 1e-6 * scale);
            prop_assert!((got.squared - want.squared).abs() <= 1e-6 * want.squared);
            prop_assert!((got.absolute - want.absolute).abs() <= 1e-6 * want.absolute);
        }

        #[test]
        fn every_instruction_set_gives_the_same_bits((a, b) in vectors()) {
            prop_assert_eq!(sums(&a, &b), in_lanes(&a, &b));
            prop_assert_eq!(sums(&a, &b), sums(&b, &a));
        }
    }
}
