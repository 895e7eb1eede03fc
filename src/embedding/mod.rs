//! The embedding of a photo, `[dims]` f32 as the network gives it (not normalised), its adaptation to a catalogue, and the
//! exact distances between two.

#[cfg(feature = "embed")]
mod adaptation;
#[cfg(all(feature = "embed", not(target_arch = "wasm32")))]
mod fit;
mod kernel;

use serde::{Deserialize, Serialize};

#[cfg(feature = "embed")]
pub use adaptation::{AdaptError, Adaptation, MAX_AXES};
#[cfg(all(feature = "embed", not(target_arch = "wasm32")))]
pub use fit::{FitError, fit};
pub use kernel::{Sums, sums, sums_scalar};

/// How far apart two embeddings are, as scikit-learn's `pairwise_distances` defines it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// 1 - x.y / (|x| |y|), 0 to 2; 1 where one of the two is all zeros.
    Cosine,
    /// The square root of the sum of squared differences (L2).
    Euclidean,
    /// The sum of absolute differences (L1).
    Manhattan,
}

impl Metric {
    /// All of them, in the order of the folder's files.
    pub const ALL: [Metric; 3] = [Metric::Cosine, Metric::Euclidean, Metric::Manhattan];

    /// The name used in the manifest, on the command line and in attributes.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Cosine => "cosine",
            Metric::Euclidean => "euclidean",
            Metric::Manhattan => "manhattan",
        }
    }

    /// The metric of that name.
    pub fn from_name(name: &str) -> Option<Metric> {
        Metric::ALL.into_iter().find(|metric| metric.name() == name)
    }

    /// The distance, from the sums over both vectors' dimensions and their L2 norms.
    pub fn distance(self, sums: &Sums, norm: f64, other_norm: f64) -> f64 {
        match self {
            Metric::Cosine => {
                let norms = norm * other_norm;
                let cosine = if norms > 0.0 { sums.product / norms } else { 0.0 };
                (1.0 - cosine).clamp(0.0, 2.0)
            }
            Metric::Euclidean => sums.squared.sqrt(),
            Metric::Manhattan => sums.absolute,
        }
    }
}

/// The L2 norm of `embedding`, `[dims]`.
pub fn norm(embedding: &[f32]) -> f64 {
    sums(embedding, embedding).product.sqrt()
}

/// The exact distance between two embeddings, both `[dims]`.
///
/// # Panics
/// If their lengths differ.
pub fn distance(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    metric.distance(&sums(a, b), norm(a), norm(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_scikit_learns() {
        // python3 -c "from sklearn.metrics import pairwise_distances as d; import numpy as np
        // print([d([[1,2,2]],[[2,0,1]],metric=m)[0,0] for m in ('cosine','euclidean','manhattan')])"
        let (a, b) = ([1.0, 2.0, 2.0], [2.0, 0.0, 1.0]);
        let want = [0.403_715_206_000_364_15, 2.449_489_742_783_178, 4.0];
        for (metric, want) in Metric::ALL.into_iter().zip(want) {
            assert!((distance(metric, &a, &b) - want).abs() < 1e-12, "{metric:?}");
        }
    }

    #[test]
    fn orthogonal_embeddings_are_not_identical() {
        assert_eq!(distance(Metric::Cosine, &[1.0, 0.0], &[0.0, 3.0]), 1.0);
        assert_eq!(distance(Metric::Cosine, &[0.0, 0.0], &[0.0, 3.0]), 1.0);
        assert!((distance(Metric::Cosine, &[1.0, 1.0], &[-2.0, -2.0]) - 2.0).abs() < 1e-15);
    }
}
