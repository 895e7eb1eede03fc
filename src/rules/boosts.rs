//! Boosts: items that a shop would rather show come nearer.
//!
//! boosted distance = distance × the product of the factors of all boosts whose condition the item meets, in the
//! boosts' order. Below 1 lifts, above 1 lowers; a distance of 0 stays 0.

use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::RulesError;
use crate::attributes::{Attributes, Filter, Selection};
use crate::rank::Neighbour;

/// A factor of 0 would make all lifted items equal, a negative one turn their order round.
const FACTORS: RangeInclusive<f64> = 0.01..=100.0;

/// Multiplies the distances of some items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boost {
    /// Which items.
    pub when: Filter,
    /// From 0.01 to 100.
    pub factor: f64,
}

impl FromStr for Boost {
    type Err = RulesError;

    /// Reads the text form, such as `0.8:stock>0`.
    fn from_str(text: &str) -> Result<Boost, RulesError> {
        let parts = text.split_once(':').and_then(|(factor, when)| Some((factor.trim().parse().ok()?, when)));
        let Some((factor, when)) = parts else {
            return Err(RulesError::Boost(text.chars().take(60).collect()));
        };
        Ok(Boost { when: when.parse()?, factor })
    }
}

/// The factor of each item.
#[derive(Clone, Debug, PartialEq)]
pub struct Boosts {
    boosts: Vec<(Selection, f64)>,
}

impl Boosts {
    /// Looks up the items of all `boosts`.
    ///
    /// # Errors
    /// [`RulesError`] when a column is not known, or a factor out of range.
    pub fn new(boosts: &[Boost], attributes: &Attributes) -> Result<Boosts, RulesError> {
        let looked_up = boosts.iter().map(|boost| {
            if !FACTORS.contains(&boost.factor) {
                return Err(RulesError::Factor);
            }
            Ok((attributes.select(&boost.when)?, boost.factor))
        });
        Ok(Boosts { boosts: looked_up.collect::<Result<_, _>>()? })
    }

    /// The product of the factors of `item`, 1 if no boost is for it.
    pub fn factor(&self, item: u32) -> f64 {
        let meant = self.boosts.iter().filter(|(selection, _)| selection.contains(item));
        meant.map(|(_, factor)| factor).product()
    }

    /// `neighbour` at its boosted distance.
    pub fn apply(&self, neighbour: Neighbour) -> Neighbour {
        if self.boosts.is_empty() {
            return neighbour;
        }
        Neighbour { distance: neighbour.distance * self.factor(neighbour.item), ..neighbour }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::attributes::write_attributes;

    #[test]
    fn the_text_form_is_read() {
        let boost: Boost = "0.8: stock>0 brand='A:B'".parse().expect("a boost");
        assert_eq!((boost.factor, boost.when.to_string()), (0.8, "stock>0 brand=A:B".to_owned()));
        for text in ["stock>0", "x:stock>0", ""] {
            assert_eq!(text.parse::<Boost>(), Err(RulesError::Boost(text.to_owned())));
        }
        assert!(matches!("0.8:stock>".parse::<Boost>(), Err(RulesError::Filter(_))));
    }

    proptest! {
        #[test]
        fn distances_are_multiplied_by_every_factor_that_applies(
            values in prop::collection::vec(0u8..4, 1..30),
            boosts in prop::collection::vec((0u8..4, 0.01..100.0f64), 0..5),
            distance in 0.0..2.0f64,
        ) {
            let texts: Vec<String> = values.iter().map(u8::to_string).collect();
            let written = write_attributes(texts.iter().map(|text| [("v", text.as_str())]), &[]);
            let attributes = Attributes::read(&written.bytes, values.len() as u32).expect("just written");
            let rules: Vec<Boost> = boosts
                .iter()
                .map(|(value, factor)| Boost { when: Filter::equals("v", &value.to_string()), factor: *factor })
                .collect();
            let boosted = Boosts::new(&rules, &attributes).expect("all in range");
            for (item, value) in (0u32..).zip(&values) {
                let mut want = 1.0;
                boosts.iter().filter(|(wanted, _)| wanted == value).for_each(|(_, factor)| want *= factor);
                let neighbour = boosted.apply(Neighbour { item, distance });
                prop_assert_eq!(neighbour, Neighbour { item, distance: distance * want });
            }
        }
    }
}
