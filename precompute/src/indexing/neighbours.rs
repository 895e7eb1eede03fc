//! The nearest neighbours of every product by all three metrics, in full precision, colours blended in where asked.
//!
//! Every product is compared with every other ([`find`]), or in a catalogue too large for that with those of the partitions near
//! its own ([`find_in_partitions`]). Threads take blocks of queries; each block reads all embeddings it is compared with once, a
//! tile at a time that stays in the second-level embeddings, so memory is that of the blocks and the results.

use std::collections::HashSet;

use lookalike::attributes::Groups;
use lookalike::colour::{self, Blend};
use lookalike::embedding::{Metric, norm, sums};
use lookalike::rank::{Nearest, Neighbour};

use super::cache::Record;
use super::embeddings::{EmbeddingReader, Embeddings};
use super::partitions::Partitions;
use crate::progress::Progress;
use crate::workers::try_in_order;

/// Bytes of embeddings of a block of queries: the more, the fewer times all embeddings are read.
const BLOCK_BYTES: usize = 8 << 20;
/// Bytes of embeddings compared with a block's queries before the next: half of a common second-level cache.
const TILE_BYTES: usize = 256 << 10;

/// Queries of a block where colours count: each has the lattice of its colours spread out, 128 KiB.
const COLOURED_QUERIES: usize = 64;

/// Products of near partitions that one is compared with by the coordinates that partitions are told apart by, and those of them, the
/// nearest by these, that it is compared with in full precision.
const NEAR: usize = 16_384;
const NEAREST: usize = 512;
/// Products whose neighbours are found exactly too, to tell what partitions miss.
const SAMPLE: usize = 256;

/// The neighbours of each item, by metric, nearest first.
pub type Neighbours = Vec<Vec<Vec<Neighbour>>>;

/// What is asked for.
pub struct Wanted<'a> {
    /// Neighbours of each item; fewer where there are fewer.
    pub each: usize,
    /// Whether a pair (item, neighbour) may be neighbours.
    pub may: &'a (dyn Fn(usize, usize) -> bool + Sync),
    /// By metric, where colours count.
    pub blends: Option<[Blend; 3]>,
    /// Of which only the nearest is a neighbour, and of the item's own none.
    pub groups: Option<&'a Groups>,
}

/// The nearest neighbours of every item. The item itself is left out; equal distances are in order of item number.
///
/// # Errors
/// When an embedding cannot be read.
pub fn find(
    embeddings: &Embeddings,
    items: &[Record],
    wanted: &Wanted,
    jobs: usize,
    progress: &Progress,
) -> anyhow::Result<Neighbours> {
    let search = Search::new(embeddings, items, wanted)?;
    let all: Vec<u32> = (0..items.len() as u32).collect();
    let blocks: Vec<&[u32]> = all.chunks(search.block_size(embeddings, jobs)).collect();
    search.blocks(embeddings, jobs, progress, &blocks, |block, reader| {
        search.block(blocks[block], &all, None, reader)
    })
}

/// The same among the products of near partitions: nearly all of the nearest.
///
/// # Errors
/// When an embedding cannot be read.
pub fn find_in_partitions(
    embeddings: &Embeddings,
    items: &[Record],
    partitions: &Partitions,
    wanted: &Wanted,
    jobs: usize,
    progress: &Progress,
) -> anyhow::Result<Neighbours> {
    let search = Search::new(embeddings, items, wanted)?;
    search.blocks(embeddings, jobs, progress, &partitions.members, |partition, reader| {
        let queries = &partitions.members[partition];
        let (mut near, mut nearest) = (NEAR, NEAREST);
        loop {
            let around = partitions.around(partition, near);
            let chosen: Vec<Vec<bool>> =
                queries.iter().map(|query| partitions.nearest(*query, &around, nearest)).collect();
            let any = |at: &usize| chosen.iter().any(|chosen| chosen[*at]);
            let places: Vec<usize> = (0..around.len()).filter(any).collect();
            let candidates: Vec<u32> = places.iter().map(|at| around[*at]).collect();
            let of_query = |chosen: &Vec<bool>| places.iter().map(|at| chosen[*at]).collect();
            let chosen: Vec<Vec<bool>> = chosen.iter().map(of_query).collect();
            let found = search.block(queries, &candidates, Some(&chosen), reader)?;
            // Variants of one product count once: a partition may have too few others near.
            if nearest >= items.len() || found.iter().flatten().all(|list| list.len() == search.each) {
                return Ok(found);
            }
            (near, nearest) = (near * 4, nearest * 8);
        }
    })
}

/// The share of the exact neighbours of some products, evenly spaced, that are in `found`.
///
/// # Errors
/// When an embedding cannot be read.
pub fn recall(
    embeddings: &Embeddings,
    items: &[Record],
    found: &Neighbours,
    wanted: &Wanted,
    jobs: usize,
) -> anyhow::Result<f64> {
    let sample: Vec<usize> = (0..items.len()).step_by(items.len().div_ceil(SAMPLE).max(1)).collect();
    let exact = find_of(embeddings, items, &sample, wanted, jobs)?;
    let (mut right, mut all) = (0, 0);
    for (item, exact) in sample.iter().zip(&exact) {
        for (exact, found) in exact.iter().zip(&found[*item]) {
            all += exact.len();
            right += found.iter().filter(|near| exact.iter().any(|other| other.item == near.item)).count();
        }
    }
    Ok(right as f64 / all.max(1) as f64)
}

/// The exact neighbours of `queries` alone, in their order.
///
/// # Errors
/// When an embedding cannot be read.
pub fn find_of(
    embeddings: &Embeddings,
    items: &[Record],
    queries: &[usize],
    wanted: &Wanted,
    jobs: usize,
) -> anyhow::Result<Neighbours> {
    let search = Search::new(embeddings, items, wanted)?;
    let all: Vec<u32> = (0..items.len() as u32).collect();
    let parts: Vec<Vec<u32>> = queries
        .chunks(queries.len().div_ceil(jobs).clamp(1, search.most_queries(embeddings)))
        .map(|part| part.iter().map(|item| *item as u32).collect())
        .collect();
    let progress = Progress::new("exact", queries.len() as u64);
    let mut found = search.blocks(embeddings, jobs, &progress, &parts, |part, reader| {
        search.block(&parts[part], &all, None, reader)
    })?;
    progress.finish();
    Ok(queries.iter().map(|item| std::mem::take(&mut found[*item])).collect())
}

/// How many of `items` count apart.
fn apart(items: usize, groups: Option<&Groups>) -> usize {
    let Some(groups) = groups else { return items };
    let of: Vec<u32> = (0..items as u32).filter_map(|item| groups.of(item)).collect();
    items - of.len() + of.into_iter().collect::<HashSet<_>>().len()
}

fn norms(embeddings: &Embeddings, items: &[Record]) -> anyhow::Result<Vec<f64>> {
    let mut reader = embeddings.reader()?;
    let mut embedding = vec![0f32; embeddings.dims()];
    items
        .iter()
        .map(|item| {
            reader.read(*item, &mut embedding)?;
            Ok(norm(&embedding))
        })
        .collect()
}

struct Search<'a> {
    items: &'a [Record],
    norms: Vec<f64>,
    colour_norms: Vec<u32>,
    each: usize,
    tile: usize,
    dims: usize,
    wanted: &'a Wanted<'a>,
}

impl<'a> Search<'a> {
    fn new(embeddings: &Embeddings, items: &'a [Record], wanted: &'a Wanted) -> anyhow::Result<Search<'a>> {
        let each = wanted.each.min(apart(items.len(), wanted.groups).saturating_sub(1));
        let colour_norms = match wanted.blends {
            Some(_) => items.iter().map(|item| item.colours.norm()).collect(),
            None => Vec::new(),
        };
        let tile = (TILE_BYTES / (embeddings.dims() * 4)).max(1);
        Ok(Search {
            items,
            norms: norms(embeddings, items)?,
            colour_norms,
            each,
            tile,
            dims: embeddings.dims(),
            wanted,
        })
    }

    fn most_queries(&self, embeddings: &Embeddings) -> usize {
        let most = (BLOCK_BYTES / (embeddings.dims() * 4)).max(1);
        if self.wanted.blends.is_some() { most.min(COLOURED_QUERIES) } else { most }
    }

    fn block_size(&self, embeddings: &Embeddings, jobs: usize) -> usize {
        self.most_queries(embeddings).min(self.items.len().div_ceil(jobs).max(1))
    }

    /// Does `blocks`, each some queries of which `block` finds the neighbours; those of the items that were no query are empty.
    fn blocks(
        &self,
        embeddings: &Embeddings,
        jobs: usize,
        progress: &Progress,
        blocks: &[impl AsRef<[u32]>],
        block: impl Fn(usize, &mut EmbeddingReader) -> anyhow::Result<Neighbours> + Sync,
    ) -> anyhow::Result<Neighbours> {
        let done = try_in_order(
            blocks.len(),
            jobs,
            || embeddings.reader(),
            |reader, number| {
                let found = block(number, reader)?;
                found.iter().for_each(|_| progress.advance());
                Ok(found)
            },
        )?;
        let mut neighbours = vec![Vec::new(); self.items.len()];
        for (queries, found) in blocks.iter().zip(done) {
            queries.as_ref().iter().zip(found).for_each(|(query, found)| neighbours[*query as usize] = found);
        }
        Ok(neighbours)
    }

    fn group_of(&self, item: u32) -> Option<u32> {
        self.wanted.groups.and_then(|groups| groups.of(item))
    }

    /// The nearest of each of `queries` among `candidates`, of which `chosen` may say by query whether they count.
    fn block(
        &self,
        queries: &[u32],
        candidates: &[u32],
        chosen: Option<&[Vec<bool>]>,
        reader: &mut EmbeddingReader,
    ) -> anyhow::Result<Neighbours> {
        let mut query_rows = vec![0f32; queries.len() * self.dims];
        for (row, item) in query_rows.chunks_mut(self.dims).zip(queries) {
            reader.read(self.items[*item as usize], row)?;
        }
        let blends = self.wanted.blends.map(|blends| {
            let colours = |item: &u32| colour::Query::new(&self.items[*item as usize].colours);
            (blends, queries.iter().map(colours).collect::<Vec<_>>())
        });
        let mut nearest = vec![vec![Nearest::new(self.each); Metric::ALL.len()]; queries.len()];
        let mut tile_rows = vec![0f32; self.tile * self.dims];
        for (first, tile) in (0..).step_by(self.tile).zip(candidates.chunks(self.tile)) {
            for (row, item) in tile_rows.chunks_mut(self.dims).zip(tile) {
                reader.read(self.items[*item as usize], row)?;
            }
            let rows = query_rows.chunks(self.dims).zip(&mut nearest);
            for (place, (query, (query_row, nearest))) in queries.iter().zip(rows).enumerate() {
                let own = self.group_of(*query);
                for (at, (item, row)) in (first..).zip(tile.iter().zip(tile_rows.chunks(self.dims))) {
                    if chosen.is_some_and(|chosen| !chosen[place][at]) {
                        continue;
                    }
                    let group = self.group_of(*item);
                    let of_own = item == query || group.is_some() && group == own;
                    if of_own || !(self.wanted.may)(*query as usize, *item as usize) {
                        continue;
                    }
                    let sums = sums(query_row, row);
                    let number = *item as usize;
                    let colour = blends.as_ref().map(|(blends, colours)| {
                        let other = &self.items[number].colours;
                        (blends, colours[place].distance(other, self.colour_norms[number]))
                    });
                    for (at, (metric, nearest)) in Metric::ALL.into_iter().zip(nearest.iter_mut()).enumerate()
                    {
                        let norms = (self.norms[*query as usize], self.norms[number]);
                        let mut distance = metric.distance(&sums, norms.0, norms.1);
                        if let Some((blends, colour)) = colour {
                            distance = blends[at].distance(distance, colour);
                        }
                        nearest.offer_of(Neighbour { item: *item, distance }, group);
                    }
                }
            }
        }
        // Lists of just their length: of millions the room that each had for candidates would be most of the memory, and to
        // shrink it where it is would leave holes that fit no other.
        let sorted = |nearest: Nearest| nearest.into_sorted()[..].to_vec();
        Ok(nearest.into_iter().map(|by_metric| by_metric.into_iter().map(sorted).collect()).collect())
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use lookalike::colour::Colours;
    use lookalike::digest::Digest;
    use lookalike::photo::Photo;

    use super::super::cache::{Described, EmbeddingCache};
    use super::super::record_log::Access;
    use super::super::space;
    use super::*;

    #[test]
    fn near_partitions_hold_nearly_all_of_the_nearest() -> anyhow::Result<()> {
        let folder = std::env::temp_dir().join(format!("lookalike-near-{}", std::process::id()));
        let (items, dims) = (3 * NEAREST, 20);
        let mut cache = EmbeddingCache::open(&folder, Digest::of(b"network"), dims, Access::Write)?;
        let mut state = 1u64;
        let mut number = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 24) as f32
        };
        let colours = Colours::of(&Photo::new(1, 1, vec![9; 3]).context("one pixel")?);
        let mut records = Vec::new();
        for item in 0..items {
            let embedding = (0..dims).map(|axis| number() / (axis + 1) as f32).collect();
            let described = Described { size: [1, 1], colours, embedding };
            records.push(cache.insert(Digest::of(&item.to_le_bytes()), &described)?);
        }
        let embeddings = cache.embeddings();
        let (space, _) = space::space(&embeddings, &records)?;
        let partitions = Partitions::cut(&embeddings, &records, &space, 12, 128.0, 2)?;
        let groups = Groups::new((0..items as u32).map(|item| (item % 3 > 0).then_some(item / 300)));
        for groups in [None, Some(&groups)] {
            let wanted = Wanted { each: 20, may: &|_, _| true, blends: None, groups };
            let progress = Progress::new("test", items as u64);
            let found = find_in_partitions(&embeddings, &records, &partitions, &wanted, 2, &progress)?;
            let each = found[0][0].len();
            assert!(
                found.iter().flatten().all(|list| list.len() == each && list.is_sorted()),
                "{each} of each"
            );
            let recall = recall(&embeddings, &records, &found, &wanted, 2)?;
            assert!(recall > 0.99, "{recall}");
            let exact = find(&embeddings, &records, &wanted, 2, &progress)?;
            assert_eq!(
                find_of(&embeddings, &records, &[5, 0], &wanted, 2)?,
                [exact[5].clone(), exact[0].clone()]
            );
        }
        std::fs::remove_dir_all(&folder)?;
        Ok(())
    }
}
