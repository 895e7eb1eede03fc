//! The exact nearest neighbours of every product by all three metrics, in full precision.
//!
//! Every product is compared with every other. Threads take blocks of queries; each block reads all embeddings once, a
//! tile at a time that stays in the second-level cache, so memory is that of the blocks and the results.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use lookalike::embedding::{Metric, norm, sums};
use lookalike::rank::{Nearest, Neighbour};

use super::cache::{EmbeddingCache, EmbeddingReader, Record};
use crate::progress::Progress;

/// Bytes of embeddings of a block of queries: the more, the fewer times all embeddings are read.
const BLOCK_BYTES: usize = 8 << 20;
/// Bytes of embeddings compared with a block's queries before the next: half of a common second-level cache.
const TILE_BYTES: usize = 256 << 10;

/// The neighbours of each item, by metric, nearest first.
pub type Neighbours = Vec<Vec<Vec<Neighbour>>>;

/// The `each` nearest neighbours of every item; fewer where there are fewer. The item itself is left out, and so is
/// every pair (item, neighbour) that `may` be neighbours says no to; equal distances are in order of item number.
///
/// # Errors
/// When an embedding cannot be read.
pub fn find(
    cache: &EmbeddingCache,
    items: &[Record],
    each: usize,
    jobs: usize,
    may: impl Fn(usize, usize) -> bool + Sync,
    progress: &Progress,
) -> anyhow::Result<Neighbours> {
    let each = each.min(items.len().saturating_sub(1));
    let row_bytes = cache.dims() * 4;
    let block = (BLOCK_BYTES / row_bytes).clamp(1, items.len().div_ceil(jobs).max(1));
    let tile = (TILE_BYTES / row_bytes).max(1);
    let norms = norms(cache, items)?;
    let next = AtomicUsize::new(0);
    let mut blocks: Vec<(usize, Neighbours)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs)
            .map(|_| {
                let (next, norms, may) = (&next, &norms, &may);
                scope.spawn(move || -> anyhow::Result<Vec<(usize, Neighbours)>> {
                    let search = Search { items, norms, each, tile, dims: cache.dims(), may };
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

struct Search<'a, M> {
    items: &'a [Record],
    norms: &'a [f64],
    each: usize,
    tile: usize,
    dims: usize,
    may: &'a M,
}

impl<M: Fn(usize, usize) -> bool> Search<'_, M> {
    fn block(
        &self,
        queries: std::ops::Range<usize>,
        reader: &mut EmbeddingReader,
    ) -> anyhow::Result<Neighbours> {
        let mut query_rows = vec![0f32; queries.len() * self.dims];
        for (row, item) in query_rows.chunks_mut(self.dims).zip(&self.items[queries.clone()]) {
            reader.read(*item, row)?;
        }
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
                for (item, row) in
                    (tile_start..).zip(tile).filter(|(item, _)| *item != query && (self.may)(query, *item))
                {
                    let sums = sums(query_row, row);
                    for (metric, nearest) in Metric::ALL.into_iter().zip(nearest.iter_mut()) {
                        let distance = metric.distance(&sums, self.norms[query], self.norms[item]);
                        nearest.offer(Neighbour { item: item as u32, distance });
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
