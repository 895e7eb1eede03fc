//! k-means in whole numbers: Lloyd's iteration from evenly spaced points. Exact, so the same on every machine and on any
//! number of threads.

use lookalike::codes::dot;

use crate::workers::in_order;

/// Rounds of Lloyd's iteration.
const ROUNDS: usize = 10;
/// Points of a piece of work.
const PIECE: usize = 4096;

/// Points as `[points, stride]`.
pub struct Points {
    /// Numbers of a point, a multiple of 16.
    pub stride: usize,
    /// All of them.
    pub numbers: Vec<i16>,
}

impl Points {
    /// How many.
    pub fn len(&self) -> usize {
        self.numbers.len() / self.stride
    }

    /// One of them.
    pub fn get(&self, point: u32) -> &[i16] {
        &self.numbers[point as usize * self.stride..][..self.stride]
    }

    /// Some of them.
    pub fn some(&self, points: impl Iterator<Item = u32>) -> Points {
        Points { stride: self.stride, numbers: points.flat_map(|point| self.get(point)).copied().collect() }
    }

    /// The mean of `points`, rounded to 8 bits.
    pub fn mean(&self, points: &[u32]) -> Vec<i16> {
        let mut sums = vec![0i64; self.stride];
        for point in points {
            sums.iter_mut().zip(self.get(*point)).for_each(|(sum, number)| *sum += i64::from(*number));
        }
        rounded(&sums, points.len() as i64)
    }
}

fn rounded(sums: &[i64], count: i64) -> Vec<i16> {
    // Half away from zero, as `f32::round`.
    let mean = |sum: &i64| (2 * sum.abs() + count) / (2 * count) * sum.signum();
    sums.iter().map(|sum| mean(sum).clamp(-127, 127) as i16).collect()
}

/// The squared distance of two points.
pub fn squared(a: &[i16], b: &[i16]) -> i64 {
    i64::from(dot(a, a)) + i64::from(dot(b, b)) - 2 * i64::from(dot(a, b))
}

/// `count` centroids of `points` at most, rounded to 8 bits.
pub fn centroids(points: &Points, count: usize, jobs: usize) -> Points {
    let all = points.len();
    let first = (0..count.min(all)).map(|at| (at * all / count.min(all)) as u32);
    let mut centroids = points.some(first);
    centroids.numbers.iter_mut().for_each(|number| *number = (*number).clamp(-127, 127));
    for _ in 0..ROUNDS {
        let of_points = assign(points, &centroids, jobs);
        let stride = points.stride;
        let mut sums = vec![0i64; centroids.numbers.len()];
        let mut counts = vec![0i64; centroids.len()];
        for (point, partition) in (0..).zip(&of_points) {
            let partition = *partition as usize;
            counts[partition] += 1;
            let sums = &mut sums[partition * stride..][..stride];
            sums.iter_mut().zip(points.get(point)).for_each(|(sum, number)| *sum += i64::from(*number));
        }
        let full = sums.chunks(stride).zip(counts).filter(|(_, count)| *count > 0);
        let numbers: Vec<i16> = full.flat_map(|(sums, count)| rounded(sums, count)).collect();
        if numbers == centroids.numbers {
            break;
        }
        centroids.numbers = numbers;
    }
    centroids
}

/// The nearest centroid of each point, of equals the first.
pub fn assign(points: &Points, centroids: &Points, jobs: usize) -> Vec<u32> {
    let norms: Vec<i32> = (0..centroids.len() as u32)
        .map(|partition| {
            let centroid = centroids.get(partition);
            dot(centroid, centroid)
        })
        .collect();
    let nearest = |point: u32| {
        let own = points.get(point);
        let far = |(partition, norm): (u32, &i32)| {
            (i64::from(*norm) - 2 * i64::from(dot(centroids.get(partition), own)), partition)
        };
        (0..).zip(&norms).map(far).min().map_or(0, |(_, partition)| partition)
    };
    let pieces = in_order(points.len().div_ceil(PIECE), jobs, |piece| {
        let end = points.len().min((piece + 1) * PIECE);
        (piece * PIECE..end).map(|point| nearest(point as u32)).collect::<Vec<_>>()
    });
    pieces.concat()
}

/// Two halves of `members` of `points`, those near each other together.
pub fn halves(points: &Points, members: &[u32]) -> [Vec<u32>; 2] {
    let furthest = |from: &[i16]| {
        let far = members.iter().map(|member| (squared(points.get(*member), from), *member));
        far.max().map_or(0, |(_, member)| member)
    };
    let one = furthest(&points.mean(members));
    let other = furthest(points.get(one));
    let (one, other) = (points.get(one), points.get(other));
    let mut sorted: Vec<(i64, u32)> = members
        .iter()
        .map(|member| {
            let own = points.get(*member);
            (squared(own, one) - squared(own, other), *member)
        })
        .collect();
    sorted.sort_unstable();
    let (first, second) = sorted.split_at(sorted.len() / 2);
    [first, second].map(|half| {
        let mut half: Vec<u32> = half.iter().map(|(_, member)| *member).collect();
        half.sort_unstable();
        half
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three heaps of ten points each.
    fn heaps() -> Points {
        let numbers = (0..30).flat_map(|point: i16| {
            let mut numbers = vec![0; 16];
            numbers[usize::from(point as u16 % 3)] = 100;
            numbers[15] = point / 3 - 5;
            numbers
        });
        Points { stride: 16, numbers: numbers.collect() }
    }

    #[test]
    fn heaps_are_found_on_any_number_of_threads() {
        let points = heaps();
        let found = centroids(&points, 3, 1);
        assert_eq!(found.numbers, centroids(&points, 3, 4).numbers);
        let of_points = assign(&points, &found, 2);
        for point in 0..30 {
            assert_eq!(of_points[point], of_points[point % 3], "{of_points:?}");
            assert!(point < 3 || of_points[point] != of_points[(point + 1) % 3], "{of_points:?}");
        }
        assert_eq!(centroids(&points, 100, 1).len(), 30);
    }

    #[test]
    fn halves_are_as_large_and_apart() {
        let points = heaps();
        let members: Vec<u32> = (0..30).filter(|point| point % 3 != 2).collect();
        let [one, other] = halves(&points, &members);
        assert_eq!((one.len(), other.len()), (10, 10));
        assert!(one.iter().all(|point| point % 3 == one[0] % 3), "{one:?}");
        assert_eq!(points.mean(&one)[15], -1, "the mean of -5 to 4 is rounded");
    }
}
