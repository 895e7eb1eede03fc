//! Distances of one embedding to coded ones: approximate for a scan of all, then as near as the codes allow for candidates.

use std::cell::RefCell;

use super::kernel::product;
use super::scan::Scanned;
use super::{Codes, Norms};
use crate::embedding::{Metric, norm, sums};

/// An embedding to compare with [`Codes`], by row.
pub struct Query<'a> {
    codes: &'a Codes,
    metric: Metric,
    embedding: Vec<f32>,
    length: f64,
    /// Coefficients of its direction along all axes.
    #[cfg(feature = "ivf")]
    coefficients: Vec<f32>,
    /// Product of its direction and the mean.
    offset: f32,
    /// With a layer's steps in them, coefficient * value = scaled * level; zeros up to whole vectors.
    scaled: Vec<f32>,
    scaled_refinement: Vec<f32>,
    scanned: Scanned,
    decoded: RefCell<Decoded>,
}

/// Embeddings decoded so far, a few hundred at most, by ascending row. (Maps of the standard library would each cost the
/// module that ranks two kilobytes.)
#[derive(Default)]
struct Decoded(Vec<(u32, Vec<f32>)>);

impl Decoded {
    fn position(&self, row: u32) -> Result<usize, usize> {
        self.0.binary_search_by_key(&row, |(row, _)| *row)
    }

    fn get(&self, row: u32) -> &[f32] {
        self.position(row).map_or(&[], |at| &self.0[at].1)
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
    /// A query by `embedding`, `[dims]`, in full precision.
    ///
    /// # Errors
    /// [`WrongDimensions`] if its number of dimensions is not that of the codes.
    pub fn query(&self, embedding: &[f32], metric: Metric) -> Result<Query<'_>, WrongDimensions> {
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
        Ok(Query {
            codes: self,
            metric,
            embedding: embedding.to_vec(),
            length,
            #[cfg(feature = "ivf")]
            coefficients,
            offset,
            scanned: self.scan.ask(&scaled),
            scaled,
            scaled_refinement,
            decoded: RefCell::default(),
        })
    }
}

impl Query<'_> {
    /// The approximate distance to a row, by the base layer's first axes, for a scan of all; if the metric is manhattan, the
    /// euclidean distance, which ranks nearly as it does.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn approximate(&self, row: u32) -> f64 {
        let product = self.codes.scan.product(row as usize, &self.scanned);
        self.of_product(row, product + self.offset)
    }

    /// Whether [`Query::distance`] is expensive: it decodes the row.
    pub fn decodes(&self) -> bool {
        self.metric == Metric::Manhattan
    }

    /// The distance to a row, as near as the loaded layers allow.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn distance(&self, row: u32) -> f64 {
        if self.decodes() {
            self.decode(&[row]);
            return sums(&self.embedding, self.decoded.borrow().get(row)).absolute;
        }
        let (levels, more) = (self.codes.base.row(row as usize), self.codes.refined_levels(row as usize));
        let refined = product(more, &self.scaled_refinement[..more.len()]);
        self.of_product(row, self.offset + product(levels, &self.scaled) + refined)
    }

    /// The distance of two rows by the same metric.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn between(&self, a: u32, b: u32) -> f64 {
        self.decode(&[a, b]);
        let decoded = self.decoded.borrow();
        let (a, b) = (decoded.get(a), decoded.get(b));
        self.metric.distance(&sums(a, b), norm(a), norm(b))
    }

    /// Decodes those of `rows` that are not decoded yet: many at once take a fraction of the time.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn decode(&self, rows: &[u32]) {
        let mut decoded = self.decoded.borrow_mut();
        let new: Vec<u32> = rows.iter().copied().filter(|row| decoded.position(*row).is_err()).collect();
        if new.is_empty() {
            return;
        }
        let dims = self.codes.dims();
        let mut embeddings = vec![0f32; new.len() * dims];
        self.codes.decode_all(&new, &mut embeddings);
        for (row, embedding) in new.into_iter().zip(embeddings.chunks_exact(dims.max(1))) {
            if let Err(at) = decoded.position(row) {
                decoded.0.insert(at, (row, embedding.to_vec()));
            }
        }
    }

    /// Coefficients of the query's direction along the base layer's axes, less the mean's, `[axes]`: the point that is compared
    /// with centroids.
    #[cfg(feature = "ivf")]
    pub fn point(&self) -> Vec<f32> {
        let mean = self.codes.rotations[0].project(&self.codes.mean);
        self.coefficients.iter().zip(mean).map(|(own, mean)| own - mean).collect()
    }

    /// The distance to a row from the inner product of the two directions.
    fn of_product(&self, row: u32, product: f32) -> f64 {
        let Norms { length, direction } = self.codes.norms[row as usize];
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
