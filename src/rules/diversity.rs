//! Diversity: maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998).
//!
//! One after the other, the candidate i is chosen that has the greatest
//!
//! (1 - λ) · (1 - d(i) / D)  -  λ · max over the chosen j of (1 - min(1, b(i, j) / D))
//!
//! where d is the (weighted) distance to the query, b the distance between two candidates and D the greatest d of the
//! pool: both terms are from 0 to 1 in the same unit, and two candidates as far from each other as the furthest is from
//! the query are not alike at all. The maximum over none chosen is 0, so the first is the nearest. Of equal candidates
//! the nearer is chosen, then the one with the lower item number. With D = 0 no candidate differs, and the order stays.

use crate::rank::Neighbour;

/// Candidates for each one asked for. With a pool no larger than the answer, diversity could only reorder it.
const POOL: usize = 10;

/// Candidates that [`diversify`] should have to choose `limit` of them.
pub fn pool_size(limit: usize, diversity: f64) -> usize {
    if diversity > 0.0 { limit.saturating_mul(POOL) } else { limit }
}

/// At most `limit` of `pool`, which may be in any order, in the order of choice; their distances are as they were.
///
/// `diversity` is λ, from 0 (the nearest) to 1 (the least alike). `between` is the distance of two items, called at most
/// pool size × `limit` times, and never with λ = 0.
pub fn diversify(
    mut pool: Vec<Neighbour>,
    limit: usize,
    diversity: f64,
    mut between: impl FnMut(u32, u32) -> f64,
) -> Vec<Neighbour> {
    pool.sort_unstable();
    let furthest = pool.last().map_or(0.0, |last| last.distance);
    if diversity <= 0.0 || furthest <= 0.0 {
        pool.truncate(limit);
        return pool;
    }
    // Of each candidate left, the likeness to the chosen one it is most like.
    let mut left: Vec<(Neighbour, f64)> = pool.into_iter().map(|candidate| (candidate, 0.0)).collect();
    let mut chosen = Vec::new();
    while chosen.len() < limit {
        let value = |(candidate, likeness): &(Neighbour, f64)| {
            (1.0 - diversity) * (1.0 - candidate.distance / furthest) - diversity * likeness
        };
        // Candidates left are in order, so the first of equals is the nearer.
        let best = left.iter().map(value).enumerate().reduce(
            |best, other| {
                if other.1 > best.1 { other } else { best }
            },
        );
        let Some((best, _)) = best else { break };
        let (next, _) = left.remove(best);
        chosen.push(next);
        if chosen.len() < limit {
            for (candidate, likeness) in &mut left {
                let alike = 1.0 - (between(candidate.item, next.item) / furthest).min(1.0);
                *likeness = likeness.max(alike);
            }
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The formula as it stands above.
    fn by_definition(pool: &[Neighbour], limit: usize, lambda: f64, b: impl Fn(u32, u32) -> f64) -> Vec<u32> {
        let greatest = pool.iter().map(|candidate| candidate.distance).fold(0.0, f64::max);
        let mut chosen: Vec<Neighbour> = Vec::new();
        while chosen.len() < limit.min(pool.len()) {
            let value = |i: &Neighbour| {
                let alike = chosen.iter().map(|j| 1.0 - (b(i.item, j.item) / greatest).min(1.0));
                (1.0 - lambda) * (1.0 - i.distance / greatest) - lambda * alike.fold(0.0, f64::max)
            };
            let left = pool.iter().filter(|candidate| !chosen.contains(candidate));
            let best =
                left.max_by(|i, j| value(i).total_cmp(&value(j)).then(j.cmp(i))).expect("some are left");
            chosen.push(*best);
        }
        chosen.iter().map(|neighbour| neighbour.item).collect()
    }

    fn pool() -> impl Strategy<Value = Vec<(f64, f64)>> {
        prop::collection::vec(((0i8..12).prop_map(f64::from), (0i8..12).prop_map(f64::from)), 1..50)
    }

    fn distance(one: (f64, f64), other: (f64, f64)) -> f64 {
        (one.0 - other.0).hypot(one.1 - other.1)
    }

    fn neighbours(points: &[(f64, f64)]) -> Vec<Neighbour> {
        let near =
            |(item, point): (u32, &(f64, f64))| Neighbour { item, distance: distance(*point, (0.0, 0.0)) };
        (0..).zip(points).map(near).collect()
    }

    proptest! {
        #[test]
        fn agrees_with_the_formula(points in pool(), limit in 0usize..12, lambda in prop_oneof![Just(1.0), 0.01..1.0]) {
            let pool = neighbours(&points);
            prop_assume!(pool.iter().any(|candidate| candidate.distance > 0.0));
            let between = |a: u32, b: u32| distance(points[a as usize], points[b as usize]);
            let mut backwards = pool.clone();
            backwards.reverse();
            let mut calls = 0;
            let chosen = diversify(backwards, limit, lambda, |a, b| { calls += 1; between(a, b) });
            let items: Vec<u32> = chosen.iter().map(|neighbour| neighbour.item).collect();
            prop_assert_eq!(items, by_definition(&pool, limit, lambda, between));
            prop_assert!(calls <= pool.len() * limit);
            prop_assert!(chosen.iter().all(|neighbour| pool.contains(neighbour)));
        }

        #[test]
        fn without_diversity_the_nearest_are_chosen(points in pool(), limit in 0usize..12) {
            let mut pool = neighbours(&points);
            let chosen = diversify(pool.clone(), limit, 0.0, |_, _| unreachable!("no distance is needed"));
            pool.sort();
            pool.truncate(limit);
            prop_assert_eq!(chosen, pool);
        }
    }

    #[test]
    fn a_twin_of_the_nearest_makes_room() {
        let points = [(1.0, 0.0), (1.0, 0.01), (0.0, 1.5), (-1.6, 0.0)];
        let between = |a: u32, b: u32| distance(points[a as usize], points[b as usize]);
        let items = |diversity| -> Vec<u32> {
            let chosen = diversify(neighbours(&points), 3, diversity, between);
            chosen.iter().map(|neighbour| neighbour.item).collect()
        };
        assert_eq!(items(0.0), [0, 1, 2]);
        assert_eq!(items(0.5), [0, 2, 3]);
    }

    #[test]
    fn the_pool_is_ten_times_the_answer() {
        assert_eq!((pool_size(8, 0.5), pool_size(8, 0.0), pool_size(usize::MAX, 1.0)), (80, 8, usize::MAX));
    }
}
