//! Filters, groups, boosts and diversity applied to ranked candidates: the same rules for `precompute query` and the browser.
//!
//! In this order: the filter and the exclusions say which items are ranked at all; boosts change their distances; of a group
//! only the nearest item counts; diversity picks among ten times as many as are wanted.

mod boosts;
mod diversity;
mod groups;

use serde::{Deserialize, Deserializer, Serialize};

use crate::attributes::{Attributes, Filter, FilterError, Groups, PRODUCT, Selection};
use crate::rank::Neighbour;

pub use boosts::{Boost, Boosts};
pub use diversity::{diversify, pool_size};
pub use groups::nearest_of_groups;

/// Rules of a ranking: options of `precompute query` and of the browser, `{}` in JSON for none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Only items that this lets through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// Never these products, by id.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub exclude: Vec<String>,
    /// Of items with the same value in this column only the nearest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Makes items nearer or further.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub boost: Vec<Boost>,
    /// From 0, the nearest whatever they look like, to 1, those least like each other.
    #[serde(skip_serializing_if = "is_zero", deserialize_with = "null_is_default")]
    pub diversity: f64,
}

/// JavaScript has undefined and null for an option not given.
fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    value: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or_default())
}

fn is_zero(diversity: &f64) -> bool {
    *diversity == 0.0
}

/// Why rules cannot be followed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RulesError {
    /// The filter, the group or a boost's condition.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// Diversity out of range.
    #[error("diversity goes from 0 (off) to 1")]
    Diversity,
    /// A boost's factor out of range.
    #[error("the factor of a boost is from 0.01 to 100: below 1 lifts, above 1 lowers")]
    Factor,
    /// The text form of a boost without a factor.
    #[error("a boost is a factor, a colon and a filter, such as 0.8:stock>0, not \"{0}\"")]
    Boost(String),
}

impl RulesError {
    /// A stable name of the kind of failure, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            RulesError::Filter(error) => error.code(),
            _ => "rules/invalid",
        }
    }
}

impl Rules {
    /// Whether columns are needed; without, [`Attributes::none`] does and the file need not be loaded.
    pub fn needs_attributes(&self) -> bool {
        self.filter.is_some() || self.group.is_some() || !self.boost.is_empty()
    }

    /// Looks up everything that does not depend on distances.
    ///
    /// `excluded` are the item numbers of [`Rules::exclude`], `query` is the item whose like is sought, if it is one of
    /// the catalogue: it and its group are left out.
    ///
    /// # Errors
    /// [`RulesError`] when a column is not known, or a number out of range.
    pub fn prepare(
        &self,
        attributes: &Attributes,
        excluded: &[u32],
        query: Option<u32>,
    ) -> Result<PreparedRules, RulesError> {
        if !(0.0..=1.0).contains(&self.diversity) {
            return Err(RulesError::Diversity);
        }
        let mut selection = match &self.filter {
            Some(filter) => attributes.select(filter)?,
            None => Selection::all(attributes.items()),
        };
        selection.exclude(excluded);
        // Of a product that is excluded, all photos are; if products have one each, there is no such column.
        let field = PRODUCT.to_owned();
        let values: Vec<String> = excluded.iter().map(u32::to_string).collect();
        if let (false, Ok(photos)) = (values.is_empty(), attributes.select(&Filter::OneOf { field, values }))
        {
            selection.exclude_all(&photos);
        }
        let groups = match &self.group {
            Some(column) => Some(attributes.groups(column)?),
            None => None,
        };
        let boosts = Boosts::new(&self.boost, attributes)?;
        Ok(PreparedRules { selection, groups, boosts, query, diversity: self.diversity })
    }
}

/// Rules of which everything is looked up that does not depend on distances.
#[derive(Clone, Debug)]
pub struct PreparedRules {
    selection: Selection,
    groups: Option<Groups>,
    boosts: Boosts,
    query: Option<u32>,
    diversity: f64,
}

impl PreparedRules {
    /// The items to rank; distances of others need not be computed.
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// The factors on distances.
    pub fn boosts(&self) -> &Boosts {
        &self.boosts
    }

    /// Number of candidates among which [`PreparedRules::rerank`] chooses `limit`.
    pub fn pool_size(&self, limit: usize) -> usize {
        pool_size(limit, self.diversity)
    }

    /// The `limit` nearest of `candidates`, which come in any order, by boosted distance; of each group the nearest, and neither
    /// the query nor others of its group.
    pub fn nearest(&self, candidates: impl Iterator<Item = Neighbour>, limit: usize) -> Vec<Neighbour> {
        let boosted = candidates.map(|candidate| self.boosts.apply(candidate));
        nearest_of_groups(boosted, limit, self.groups.as_ref(), self.query)
    }

    /// At most `limit` of `candidates`, which come in any order and may be more than the selection; with their boosted
    /// distances. They are in order of these, nearest first; with diversity in the order of choice.
    ///
    /// `between` is the distance of two items by the metric of the candidates' distances. Without diversity it is not
    /// called, with it at most 10 `limit`² times.
    pub fn rerank(
        &self,
        candidates: impl IntoIterator<Item = Neighbour>,
        limit: usize,
        between: impl FnMut(u32, u32) -> f64,
    ) -> Vec<Neighbour> {
        let allowed = candidates.into_iter().filter(|candidate| self.selection.contains(candidate.item));
        let pool = self.nearest(allowed, self.pool_size(limit));
        diversify(pool, limit, self.diversity, between)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::write_attributes;

    fn attributes() -> Attributes {
        let rows = [
            ["red", "10", "a"],
            ["blue", "0", "a"],
            ["red", "3", "b"],
            ["green", "", "b"],
            ["red", "0", ""],
            ["", "7", ""],
        ];
        let rows =
            rows.map(|[colour, stock, group]| [("colour", colour), ("stock", stock), ("group", group)]);
        Attributes::read(&write_attributes(rows, &[]).bytes, 6).expect("just written")
    }

    fn chosen(json: &str, query: Option<u32>, limit: usize) -> Vec<(u32, f64)> {
        let rules: Rules = serde_json::from_str(json).expect(json);
        let excluded: Vec<u32> = rules.exclude.iter().map(|id| id.parse().expect("a number")).collect();
        let chooser = rules.prepare(&attributes(), &excluded, query).expect(json);
        let all = (0..6).map(|item| Neighbour { item, distance: f64::from(item) + 1.0 });
        let chosen = chooser.rerank(all, limit, |a, b| f64::from(a.abs_diff(b)));
        chosen.into_iter().map(|neighbour| (neighbour.item, neighbour.distance)).collect()
    }

    #[test]
    fn a_product_is_excluded_with_all_its_photos_and_found_by_the_nearest()
    -> Result<(), Box<dyn std::error::Error>> {
        let rows = ["0", "0", "2", "2", "4"].map(|product| [(PRODUCT, product)]);
        let attributes = Attributes::read(&write_attributes(rows, &[]).bytes, 5)?;
        let all = || [3, 1, 2, 0, 4].into_iter().zip(1u8..);
        let all = || all().map(|(item, distance)| Neighbour { item, distance: distance.into() });
        let rules = Rules { group: Some(PRODUCT.to_owned()), ..Rules::default() };
        let chosen = |excluded: &[u32], query| {
            let chosen = rules.prepare(&attributes, excluded, query)?.rerank(all(), 9, |_, _| 0.0);
            Ok::<_, RulesError>(chosen.into_iter().map(|near| near.item).collect::<Vec<_>>())
        };
        assert_eq!(chosen(&[], None)?, [3, 1, 4]);
        assert_eq!(chosen(&[2], None)?, [1, 4]);
        assert_eq!(chosen(&[4], Some(0))?, [3]);
        Ok(())
    }

    #[test]
    fn rules_work_together() {
        assert_eq!(chosen("{}", None, 2), [(0, 1.0), (1, 2.0)]);
        assert_eq!(chosen(r#"{"filter":"colour=red","exclude":["0"]}"#, None, 9), [(2, 3.0), (4, 5.0)]);
        assert_eq!(chosen(r#"{"group":"group"}"#, None, 3), [(0, 1.0), (2, 3.0), (4, 5.0)]);
        assert_eq!(chosen(r#"{"group":"group"}"#, Some(1), 2), [(2, 3.0), (4, 5.0)]);
        assert_eq!(chosen("{}", Some(0), 1), [(1, 2.0)]);
        let lifted = r#"{"boost":[{"when":{"stock":{"above":0}},"factor":0.25}],"group":"group"}"#;
        assert_eq!(chosen(lifted, None, 3), [(0, 0.25), (2, 0.75), (5, 1.5)]);
        // A filter comes before the group: a variant that is sold out does not stand in for those that are not.
        assert_eq!(chosen(r#"{"filter":"colour!=red","group":"group"}"#, None, 2), [(1, 2.0), (3, 4.0)]);
        let diverse = r#"{"diversity":1}"#;
        assert_eq!(chosen(diverse, None, 2), [(0, 1.0), (5, 6.0)]);
    }

    #[test]
    fn rules_that_cannot_be_followed_are_refused() {
        let error = |json: &str| {
            let rules: Rules = serde_json::from_str(json).expect(json);
            rules.prepare(&attributes(), &[], None).expect_err(json).to_string()
        };
        assert!(error(r#"{"group":"grup"}"#).contains("did you mean \"group\"?"));
        assert!(error(r#"{"diversity":2}"#).contains("from 0 (off) to 1"));
        assert!(error(r#"{"boost":[{"when":"stock>0","factor":0}]}"#).contains("below 1 lifts"));
        assert!(serde_json::from_str::<Rules>(r#"{"groups":"group"}"#).is_err());
    }

    #[test]
    fn options_not_given_are_as_if_left_out() {
        let json = r#"{"filter":null,"exclude":null,"group":null,"boost":null,"diversity":null}"#;
        assert_eq!(serde_json::from_str::<Rules>(json).expect(json), Rules::default());
    }

    #[test]
    fn rules_are_written_as_they_are_read() {
        let json = r#"{"filter":{"field":"colour","equals":"red"},"exclude":["7"],"group":"group","boost":[{"when":{"field":"stock","above":0.0},"factor":0.8}],"diversity":0.3}"#;
        let rules: Rules = serde_json::from_str(json).expect(json);
        assert_eq!(serde_json::to_string(&rules).expect("only texts and numbers"), json);
        assert_eq!(serde_json::to_string(&Rules::default()).expect("nothing"), "{}");
        assert!(
            rules.needs_attributes() && !Rules { exclude: vec![], ..Rules::default() }.needs_attributes()
        );
    }
}
