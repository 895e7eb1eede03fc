//! The k nearest of a stream of distances, ties broken by item number; of variants of one product only the nearest.

use std::cmp::Ordering;

/// A product and how far it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Item number: the product's place among all ids in byte order.
    pub item: u32,
    /// In the metric's own unit, never negative.
    pub distance: f64,
}

impl Eq for Neighbour {}

impl Ord for Neighbour {
    fn cmp(&self, other: &Self) -> Ordering {
        self.distance.total_cmp(&other.distance).then(self.item.cmp(&other.item))
    }
}

impl PartialOrd for Neighbour {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Keeps the `limit` nearest of all neighbours offered, in any order.
#[derive(Clone, Debug)]
pub struct Nearest {
    limit: usize,
    /// In no order, with their groups; more than `limit` until they are next thinned out.
    kept: Vec<(Neighbour, Option<u32>)>,
    /// What is not nearer than this is not among the nearest.
    furthest: Option<Neighbour>,
}

impl Nearest {
    /// An empty collection of at most `limit`.
    pub fn new(limit: usize) -> Nearest {
        Nearest { limit, kept: Vec::new(), furthest: None }
    }

    /// Takes `candidate` in if it is nearer than the furthest kept.
    pub fn offer(&mut self, candidate: Neighbour) {
        self.offer_of(candidate, None);
    }

    /// The same of a member of `group`, of which only the nearest is kept; without a group it stands alone.
    ///
    /// It is exact: a group whose nearest so far was too far to be kept comes back with a nearer one.
    pub fn offer_of(&mut self, candidate: Neighbour, group: Option<u32>) {
        if self.furthest.is_some_and(|furthest| candidate >= furthest) {
            return;
        }
        self.kept.push((candidate, group));
        if self.kept.len() >= self.limit.saturating_add((self.limit / 2).max(ROOM)) {
            self.thin_out();
        }
    }

    fn thin_out(&mut self) {
        self.kept.sort_unstable();
        // Ascending; there are few, and a hash table would cost the module that ranks two kilobytes.
        let mut seen = Vec::new();
        self.kept.retain(|(_, group)| {
            group.is_none_or(|group| seen.binary_search(&group).map_err(|at| seen.insert(at, group)).is_err())
        });
        self.kept.truncate(self.limit);
        if self.kept.len() == self.limit {
            self.furthest = self.kept.last().map(|(furthest, _)| *furthest);
        }
    }

    /// What was kept, nearest first.
    pub fn into_sorted(mut self) -> Vec<Neighbour> {
        self.thin_out();
        self.kept.into_iter().map(|(neighbour, _)| neighbour).collect()
    }
}

/// Candidates taken in beyond the limit, at least, before they are sorted.
const ROOM: usize = 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn agrees_with_sorting_everything(
            distances in prop::collection::vec(0u8..8, 0..60),
            limit in 0usize..20,
        ) {
            let all: Vec<Neighbour> = distances
                .iter()
                .enumerate()
                .map(|(item, distance)| Neighbour { item: item as u32, distance: f64::from(*distance) })
                .collect();
            let mut nearest = Nearest::new(limit);
            all.iter().rev().for_each(|neighbour| nearest.offer(*neighbour));
            let mut sorted = all;
            sorted.sort();
            sorted.truncate(limit);
            prop_assert_eq!(nearest.into_sorted(), sorted);
        }
    }
}
