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

#[cfg(feature = "embed")]
use crate::network::Description;

/// Consecutive dimensions of the embedding that say one thing, as adaptation takes them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Listed", into = "Listed")]
pub struct Component {
    /// Number of dimensions.
    pub dims: usize,
    /// Length of the component in the embedding; with `by_length` the greatest.
    pub weight: f32,
    /// Whether the component's length says how much of what it describes is in the photo, so that adaptation keeps it.
    pub by_length: bool,
}

impl Component {
    /// The whole of an embedding of `dims` numbers.
    pub fn whole(dims: usize) -> Component {
        Component { dims, weight: 1.0, by_length: false }
    }

    /// Those of the embeddings that `description`'s network makes, in their order; one for the whole of it if none is declared.
    #[cfg(feature = "embed")]
    pub fn of_network(description: &Description) -> Vec<Component> {
        if description.components.is_empty() {
            return vec![Component::whole(description.dims)];
        }
        let component = |own: &crate::network::Component| Component {
            dims: own.dims,
            weight: own.weight,
            by_length: own.full_length.is_some(),
        };
        description.components.iter().map(component).collect()
    }
}

/// A component as the manifest lists it: `[dims, weight]`, or `[dims, weight, "by length"]`.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Listed {
    ByLength(usize, f32, ByLength),
    Always(usize, f32),
}

/// The words of [`Listed::ByLength`].
#[derive(Serialize, Deserialize)]
enum ByLength {
    #[serde(rename = "by length")]
    ByLength,
}

impl From<Listed> for Component {
    fn from(listed: Listed) -> Component {
        match listed {
            Listed::Always(dims, weight) => Component { dims, weight, by_length: false },
            Listed::ByLength(dims, weight, ByLength::ByLength) => Component { dims, weight, by_length: true },
        }
    }
}

impl From<Component> for Listed {
    fn from(Component { dims, weight, by_length }: Component) -> Listed {
        if by_length {
            Listed::ByLength(dims, weight, ByLength::ByLength)
        } else {
            Listed::Always(dims, weight)
        }
    }
}

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
    fn a_component_is_listed_by_its_numbers() -> Result<(), serde_json::Error> {
        let component = |by_length| Component { dims: 128, weight: 0.5, by_length };
        for (of, text) in [(component(false), "[128,0.5]"), (component(true), r#"[128,0.5,"by length"]"#)] {
            assert_eq!(serde_json::to_string(&of)?, text);
            assert_eq!(serde_json::from_str::<Component>(text)?, of);
        }
        assert!(serde_json::from_str::<Component>(r#"[128,0.5,"by weight"]"#).is_err());
        Ok(())
    }

    #[test]
    fn orthogonal_embeddings_are_not_identical() {
        assert_eq!(distance(Metric::Cosine, &[1.0, 0.0], &[0.0, 3.0]), 1.0);
        assert_eq!(distance(Metric::Cosine, &[0.0, 0.0], &[0.0, 3.0]), 1.0);
        assert!((distance(Metric::Cosine, &[1.0, 1.0], &[-2.0, -2.0]) - 2.0).abs() < 1e-15);
    }
}
