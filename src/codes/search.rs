//! Distances of one embedding to coded ones: near enough for all, then as near as the codes allow for the few that count.

use std::cell::RefCell;

use super::kernel::product;
use super::scan::Scanned;
use super::{Codes, Item};
use crate::embedding::{Metric, norm, sums};

/// A question to [`Codes`].
pub struct Search<'a> {
    pub(super) codes: &'a Codes,
    metric: Metric,
    embedding: Vec<f32>,
    length: f64,
    /// Of its direction along all axes, and with the mean.
    #[cfg(feature = "cells")]
    pub(super) coefficients: Vec<f32>,
    offset: f32,
    /// With a layer's steps in them, coefficient * value = scaled * level; zeros up to whole vectors.
    scaled: Vec<f32>,
    scaled_refinement: Vec<f32>,
    scanned: Scanned,
    decoded: RefCell<Decoded>,
}

/// Embeddings decoded so far, a few hundred at most, by ascending item. (Maps of the standard library would each cost the
/// module that ranks two kilobytes.)
#[derive(Default)]
struct Decoded(Vec<(u32, Vec<f32>)>);

impl Decoded {
    fn place(&self, item: u32) -> Result<usize, usize> {
        self.0.binary_search_by_key(&item, |(item, _)| *item)
    }

    fn get(&self, item: u32) -> &[f32] {
        self.place(item).map_or(&[], |place| &self.0[place].1)
    }
}

/// The embedding comes from another network than the codes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the embedding has {embedding} dimensions, the codes {codes}: they come from different networks")]
pub struct WrongDimensions {
    /// Dimensions of the embedding.
    pub embedding: usize,
    /// Dimensions of the codes.
    pub codes: usize,
}

impl Codes {
    /// Asks for what is near `embedding`, `[dims]`, in full precision.
    ///
    /// # Errors
    /// The number of dimensions, when it is not the codes'.
    pub fn search(&self, embedding: &[f32], metric: Metric) -> Result<Search<'_>, WrongDimensions> {
        if embedding.len() != self.dims() {
            return Err(WrongDimensions { embedding: embedding.len(), codes: self.dims() });
        }
        let length = norm(embedding);
        let inverse = if length > 0.0 { (1.0 / length) as f32 } else { 0.0 };
        let direction: Vec<f32> = embedding.iter().map(|value| value * inverse).collect();
        let coefficients: Vec<f32> =
            self.rotations.iter().flat_map(|rotation| rotation.project(&direction)).collect();
        let offset = sums(&direction, &self.mean).product as f32;
        let scaled = self.base.scaled(&coefficients);
        let refinement = self.refinement.as_ref();
        let scaled_refinement =
            refinement.map_or_else(Vec::new, |refinement| refinement.layer.scaled(&coefficients));
        Ok(Search {
            codes: self,
            metric,
            embedding: embedding.to_vec(),
            length,
            #[cfg(feature = "cells")]
            coefficients,
            offset,
            scanned: self.scan.ask(&scaled),
            scaled,
            scaled_refinement,
            decoded: RefCell::default(),
        })
    }
}

impl Search<'_> {
    /// Nearly the distance to `item` by the base layer's first axes, for a scan of all; for manhattan the euclidean, which
    /// ranks nearly as it does.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn near(&self, item: u32) -> f64 {
        let product = self.codes.scan.product(self.codes.row_of(item), &self.scanned);
        self.of_product(item, product + self.offset)
    }

    /// Whether [`Search::distance`] takes decoding.
    pub fn decodes(&self) -> bool {
        self.metric == Metric::Manhattan
    }

    /// The distance to `item`, as near as the codes that are there allow.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn distance(&self, item: u32) -> f64 {
        if self.decodes() {
            self.decode(&[item]);
            return sums(&self.embedding, self.decoded.borrow().get(item)).absolute;
        }
        let row = self.codes.row_of(item);
        let (levels, more) = (self.codes.base.row(row), self.codes.refined_levels(row));
        let refined = product(more, &self.scaled_refinement[..more.len()]);
        self.of_product(item, self.offset + product(levels, &self.scaled) + refined)
    }

    /// The distance of two products by the same metric.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn between(&self, a: u32, b: u32) -> f64 {
        self.decode(&[a, b]);
        let decoded = self.decoded.borrow();
        let (a, b) = (decoded.get(a), decoded.get(b));
        self.metric.distance(&sums(a, b), norm(a), norm(b))
    }

    /// Decodes those of `items` that are not yet: many at once take a fraction of the time.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn decode(&self, items: &[u32]) {
        let mut decoded = self.decoded.borrow_mut();
        let new: Vec<u32> = items.iter().copied().filter(|item| decoded.place(*item).is_err()).collect();
        if new.is_empty() {
            return;
        }
        let dims = self.codes.dims();
        let mut embeddings = vec![0f32; new.len() * dims];
        self.codes.decode_all(&new, &mut embeddings);
        for (item, embedding) in new.into_iter().zip(embeddings.chunks_exact(dims.max(1))) {
            if let Err(place) = decoded.place(item) {
                decoded.0.insert(place, (item, embedding.to_vec()));
            }
        }
    }

    /// From the inner product of the two directions.
    fn of_product(&self, item: u32, product: f32) -> f64 {
        let Item { length, direction } = self.codes.items[self.codes.row_of(item)];
        let defined = direction > 0.0 && length > 0.0 && self.length > 0.0;
        let cosine = if defined { f64::from(product / direction).clamp(-1.0, 1.0) } else { 0.0 };
        match self.metric {
            Metric::Cosine => 1.0 - cosine,
            Metric::Euclidean | Metric::Manhattan => {
                let length = f64::from(length);
                (self.length * self.length + length * length - 2.0 * self.length * length * cosine)
                    .max(0.0)
                    .sqrt()
            }
        }
    }
}
