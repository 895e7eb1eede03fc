//! The ranking of loaded items: candidates by approximate distance, rescored, then reranked.
//!
//! ```text
//! candidates = the items that the filter lets through and the exclusions leave, by approximate distance times their boosts;
//!              of each group the nearest; `oversampling` for each item that is wanted, or `least`
//! rescored   = their distances as near as the loaded codes allow
//! result     = the nearest by boosted distance, of each group the nearest; with diversity, maximal marginal relevance
//! ```

use crate::rank::{Neighbour, Query};
use crate::rules::PreparedRules;

/// Candidates for each item that is wanted (with diversity, of its pool).
const OVERSAMPLING: usize = 4;
/// Least number of candidates.
const LEAST_CANDIDATES: usize = 200;

/// The `limit` items to show for `query`; of `items` alone, if they are given.
///
/// # Panics
/// If an item is not loaded.
pub fn top_k(query: &Query, rules: &PreparedRules, items: Option<&[u32]>, limit: usize) -> Vec<Neighbour> {
    let count = rules.pool_size(limit).saturating_mul(OVERSAMPLING).max(LEAST_CANDIDATES);
    let approximate = |item| query.approximate(item);
    let selection = rules.selection();
    let candidates = match items {
        None => rules.nearest(selection.iter().map(approximate), count),
        Some(items) => {
            let selected = items.iter().copied().filter(|item| selection.contains(*item));
            rules.nearest(selected.map(approximate), count)
        }
    };
    let candidates: Vec<u32> = candidates.into_iter().map(|candidate| candidate.item).collect();
    rules.rerank(query.rescore(&candidates), limit, |a, b| query.between(a, b))
}
