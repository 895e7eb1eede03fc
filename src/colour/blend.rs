//! The dial between the network's distance and the colours'.
//!
//! Both are divided by their mean over the catalogue, so that half of the dial is half of each whatever the metric.

use crate::embedding::Metric;

/// How much colour counts: 0 (the network alone, the default) to 1 (colour first).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weight(f64);

impl Weight {
    /// `None` unless `weight` is from 0 to 1.
    pub fn new(weight: f64) -> Option<Weight> {
        (0.0..=1.0).contains(&weight).then_some(Weight(weight))
    }

    /// Whether colour counts at all.
    pub fn counts(self) -> bool {
        self.0 > 0.0
    }
}

/// How far apart two products of a catalogue are in the mean.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Means {
    /// Of colours.
    pub colour: f64,
    /// Of embeddings, in the order of [`Metric::ALL`].
    pub network: [f64; 3],
}

impl Means {
    /// The blend of `metric`.
    pub fn blend(&self, weight: Weight, metric: Metric) -> Blend {
        let place = Metric::ALL.iter().position(|other| *other == metric).expect("ALL has every metric");
        Blend::new(weight, self.network[place], self.colour)
    }
}

/// The blend of one metric in one catalogue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blend {
    weight: Weight,
    mean_network: f64,
    mean_colour: f64,
}

impl Blend {
    /// From the means over pairs of products, which the colours file holds: of the network's distance in the metric asked
    /// for, and of the colours'. A mean that is not above 0 and finite (a catalogue of copies) counts as 1.
    fn new(weight: Weight, mean_network: f64, mean_colour: f64) -> Blend {
        let usable = |mean: f64| if mean.is_finite() && mean > 0.0 { mean } else { 1.0 };
        Blend { weight, mean_network: usable(mean_network), mean_colour: usable(mean_colour) }
    }

    /// `(1 - w) * network / mean_network + w * colour / mean_colour`; at w = 0 `network` as it is.
    pub fn distance(&self, network: f64, colour: f64) -> f64 {
        let Weight(weight) = self.weight;
        if weight == 0.0 {
            return network;
        }
        (1.0 - weight) * (network / self.mean_network) + weight * (colour / self.mean_colour)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_ends_are_each_alone(network in 0f64..2.0, colour in 0f64..1.0, means in (0.1f64..9.0, 0.1f64..1.0)) {
            let at = |weight| Blend::new(Weight::new(weight).expect("0 to 1"), means.0, means.1).distance(network, colour);
            prop_assert_eq!(at(0.0), network);
            prop_assert_eq!(at(1.0), colour / means.1);
            let (low, high) = (network / means.0, colour / means.1);
            prop_assert!(at(0.5) >= low.min(high) - 1e-12 && at(0.5) <= low.max(high) + 1e-12);
        }
    }

    #[test]
    fn what_is_no_weight_is_refused() {
        for weight in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(Weight::new(weight), None);
        }
    }

    #[test]
    fn a_catalogue_of_copies_can_be_ranked() {
        let blend = Blend::new(Weight::new(0.5).expect("0 to 1"), 0.0, f64::NAN);
        assert_eq!(blend.distance(0.5, 0.25), 0.375);
    }
}
