//! The k nearest of a stream of distances: a bounded heap, ties broken by item number.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

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
    furthest_first: BinaryHeap<Neighbour>,
}

impl Nearest {
    /// An empty collection of at most `limit`.
    pub fn new(limit: usize) -> Nearest {
        Nearest { limit, furthest_first: BinaryHeap::new() }
    }

    /// Takes `candidate` in if it is nearer than the furthest kept.
    pub fn offer(&mut self, candidate: Neighbour) {
        if self.furthest_first.len() < self.limit {
            self.furthest_first.push(candidate);
        } else if let Some(mut furthest) = self.furthest_first.peek_mut()
            && candidate < *furthest
        {
            *furthest = candidate;
        }
    }

    /// What was kept, nearest first.
    pub fn into_sorted(self) -> Vec<Neighbour> {
        self.furthest_first.into_sorted_vec()
    }
}

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
