//! Variants of one product count once: of each group the nearest.

use crate::attributes::Groups;
use crate::rank::{Nearest, Neighbour};

/// The `limit` nearest of `candidates`, nearest first, where of each group only its nearest counts; items in no group
/// stand alone. The item `query` and all others of its group are left out.
///
/// Candidates come in any order. It is exact: see [`Nearest::offer_of`].
pub fn nearest_of_groups(
    candidates: impl IntoIterator<Item = Neighbour>,
    limit: usize,
    groups: Option<&Groups>,
    query: Option<u32>,
) -> Vec<Neighbour> {
    let group_of = |item| groups.and_then(|groups| groups.of(item));
    let own = query.and_then(group_of);
    let mut nearest = Nearest::new(limit);
    for candidate in candidates.into_iter().filter(|candidate| query != Some(candidate.item)) {
        match group_of(candidate.item) {
            group @ Some(_) if group == own => {}
            group => nearest.offer_of(candidate, group),
        }
    }
    nearest.into_sorted()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn agrees_with_walking_the_ranked_list(
            items in prop::collection::vec((0u8..9, prop::option::of(0u32..6)), 1..60),
            limit in 0usize..20,
            query in prop::option::of(any::<prop::sample::Index>()),
            shuffle in any::<prop::sample::Index>(),
        ) {
            let query = query.map(|query| query.index(items.len()) as u32);
            let group = |item: u32| items[item as usize].1;
            let mut ranked: Vec<Neighbour> = (0..)
                .zip(&items)
                .map(|(item, (distance, _))| Neighbour { item, distance: f64::from(*distance) })
                .collect();
            let mut shuffled = ranked.clone();
            shuffled.rotate_left(shuffle.index(items.len()));
            ranked.sort();
            let mut seen: BTreeSet<u32> = query.and_then(group).into_iter().collect();
            let kept = ranked.into_iter().filter(|neighbour| query != Some(neighbour.item));
            let kept = kept.filter(|neighbour| group(neighbour.item).is_none_or(|group| seen.insert(group)));
            let want: Vec<Neighbour> = kept.take(limit).collect();
            let groups = Groups::new(items.iter().map(|(_, group)| *group));
            prop_assert_eq!(nearest_of_groups(shuffled, limit, Some(&groups), query), want);
        }
    }
}
