//! The exact nearest neighbours of every product by all three metrics, in full precision, colours blended in where asked.
//!
//! Every product is compared with every other. Threads take blocks of queries; each block reads all embeddings once, a
//! tile at a time that stays in the second-level cache, so memory is that of the blocks and the results.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use lookalike::attributes::Groups;
use lookalike::colour::{self, Blend};
use lookalike::embedding::{Metric, norm, sums};
use lookalike::rank::{Nearest, Neighbour};

use super::cache::{EmbeddingCache, EmbeddingReader, Record};
use crate::progress::Progress;

/// Bytes of embeddings of a block of queries: the more, the fewer times all embeddings are read.
const BLOCK_BYTES: usize = 8 << 20;
/// Bytes of embeddings compared with a block's queries before the next: half of a common second-level cache.
const TILE_BYTES: usize = 256 << 10;

/// Queries of a block where colours count: each has the lattice of its colours spread out, 128 KiB.
const COLOURED_QUERIES: usize = 64;

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
    cache: &EmbeddingCache,
    items: &[Record],
    wanted: &Wanted,
    jobs: usize,
    progress: &Progress,
) -> anyhow::Result<Neighbours> {
    let each = wanted.each.min(apart(items.len(), wanted.groups).saturating_sub(1));
    let row_bytes = cache.dims() * 4;
    let mut block = (BLOCK_BYTES / row_bytes).clamp(1, items.len().div_ceil(jobs).max(1));
    if wanted.blends.is_some() {
        block = block.min(COLOURED_QUERIES);
    }
    let tile = (TILE_BYTES / row_bytes).max(1);
    let norms = norms(cache, items)?;
    let colour_norms: Vec<u32> = match wanted.blends {
        Some(_) => items.iter().map(|item| item.colours.norm()).collect(),
        None => Vec::new(),
    };
    let next = AtomicUsize::new(0);
    let mut blocks: Vec<(usize, Neighbours)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs)
            .map(|_| {
                let (next, norms, colour_norms) = (&next, &norms, &colour_norms);
                scope.spawn(move || -> anyhow::Result<Vec<(usize, Neighbours)>> {
                    let search =
                        Search { items, norms, colour_norms, each, tile, dims: cache.dims(), wanted };
                    let mut reader = cache.reader()?;
                    let mut found = Vec::new();
                    loop {
                        let start = next.fetch_add(block, Ordering::Relaxed);
                        if start >= items.len() {
                            return Ok(found);
                        }
                        let end = (start + block).min(items.len());
                        found.push((start, search.block(start..end, &mut reader)?));
                        (start..end).for_each(|_| progress.advance());
                    }
                })
            })
            .collect();
        let joined = workers.into_iter().map(|worker| worker.join().expect("a worker's panic is a bug"));
        joined.collect::<anyhow::Result<Vec<_>>>()
    })?
    .into_iter()
    .flatten()
    .collect();
    blocks.sort_by_key(|(start, _)| *start);
    Ok(blocks.into_iter().flat_map(|(_, neighbours)| neighbours).collect())
}

/// How many of `items` count apart.
fn apart(items: usize, groups: Option<&Groups>) -> usize {
    let Some(groups) = groups else { return items };
    let of: Vec<u32> = (0..items as u32).filter_map(|item| groups.of(item)).collect();
    items - of.len() + of.into_iter().collect::<HashSet<_>>().len()
}

fn norms(cache: &EmbeddingCache, items: &[Record]) -> anyhow::Result<Vec<f64>> {
    let mut reader = cache.reader()?;
    let mut embedding = vec![0f32; cache.dims()];
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
    norms: &'a [f64],
    colour_norms: &'a [u32],
    each: usize,
    tile: usize,
    dims: usize,
    wanted: &'a Wanted<'a>,
}

impl Search<'_> {
    fn group_of(&self, item: usize) -> Option<u32> {
        self.wanted.groups.and_then(|groups| groups.of(item as u32))
    }

    fn block(
        &self,
        queries: std::ops::Range<usize>,
        reader: &mut EmbeddingReader,
    ) -> anyhow::Result<Neighbours> {
        let mut query_rows = vec![0f32; queries.len() * self.dims];
        for (row, item) in query_rows.chunks_mut(self.dims).zip(&self.items[queries.clone()]) {
            reader.read(*item, row)?;
        }
        let blends = self.wanted.blends.map(|blends| {
            let colours: Vec<colour::Query> =
                self.items[queries.clone()].iter().map(|item| colour::Query::new(&item.colours)).collect();
            (blends, colours)
        });
        let mut nearest = vec![vec![Nearest::new(self.each); Metric::ALL.len()]; queries.len()];
        let mut tile_rows = vec![0f32; self.tile * self.dims];
        for tile_start in (0..self.items.len()).step_by(self.tile) {
            let tile_items = &self.items[tile_start..self.items.len().min(tile_start + self.tile)];
            for (row, item) in tile_rows.chunks_mut(self.dims).zip(tile_items) {
                reader.read(*item, row)?;
            }
            for ((query, query_row), nearest) in
                queries.clone().zip(query_rows.chunks(self.dims)).zip(&mut nearest)
            {
                let tile = tile_rows.chunks(self.dims).take(tile_items.len());
                let own = self.group_of(query);
                for (item, row) in (tile_start..).zip(tile) {
                    let group = self.group_of(item);
                    let of_own = item == query || group.is_some() && group == own;
                    if of_own || !(self.wanted.may)(query, item) {
                        continue;
                    }
                    let sums = sums(query_row, row);
                    let colour = blends.as_ref().map(|(blends, colours)| {
                        let colours = &colours[query - queries.start];
                        (blends, colours.distance(&self.items[item].colours, self.colour_norms[item]))
                    });
                    for (place, (metric, nearest)) in
                        Metric::ALL.into_iter().zip(nearest.iter_mut()).enumerate()
                    {
                        let mut distance = metric.distance(&sums, self.norms[query], self.norms[item]);
                        if let Some((blends, colour)) = colour {
                            distance = blends[place].distance(distance, colour);
                        }
                        nearest.offer_of(Neighbour { item: item as u32, distance }, group);
                    }
                }
            }
        }
        Ok(nearest
            .into_iter()
            .map(|by_metric| by_metric.into_iter().map(Nearest::into_sorted).collect())
            .collect())
    }
}
