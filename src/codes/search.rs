//! Distances of one embedding to coded ones: near enough for all, then as near as the codes allow for the few that count.

use std::cell::RefCell;

use super::kernel::{LANES, dot};
use super::{Codes, Item};
use crate::embedding::{Metric, norm, sums};

/// Axes that a scan of all goes by. Of the 200 nearest by so many all of the 20 nearest in full precision are, for slim and
/// MobileNetV2 on 4,090 photos; by half as many too.
const SCANNED: usize = 256;

/// A question to [`Codes`].
pub struct Search<'a> {
    pub(super) codes: &'a Codes,
    metric: Metric,
    embedding: Vec<f32>,
    length: f64,
    /// Of its direction along all axes, and with the mean.
    pub(super) coefficients: Vec<f32>,
    offset: f32,
    /// Those scanned in whole numbers, with the steps of the base layer in them: coefficient * step = `unit` * number.
    numbers: Vec<i16>,
    unit: f32,
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
        let (numbers, unit) = self.in_whole_numbers(&coefficients);
        Ok(Search {
            codes: self,
            metric,
            embedding: embedding.to_vec(),
            length,
            coefficients,
            offset,
            numbers,
            unit,
            decoded: RefCell::default(),
        })
    }

    /// As fine as 16 bits allow, and so that no sum is over 32.
    fn in_whole_numbers(&self, coefficients: &[f32]) -> (Vec<i16>, f32) {
        let steps = self.base.model.steps.iter().take(SCANNED);
        let scaled: Vec<f32> = steps.zip(coefficients).map(|(step, value)| step * value).collect();
        let largest = scaled.iter().fold(0f32, |most, value| most.max(value.abs()));
        let sum: f64 = self
            .most
            .iter()
            .zip(&scaled)
            .map(|(most, value)| f64::from(*most) * f64::from(value.abs()))
            .sum();
        let unit = (f64::from(largest) / f64::from(i16::MAX)).max(sum / f64::from(i32::MAX >> 1)) as f32;
        let mut numbers: Vec<i16> = match unit > 0.0 {
            true => scaled.iter().map(|value| (value / unit).round() as i16).collect(),
            false => vec![0; scaled.len()],
        };
        numbers.resize(scaled.len().next_multiple_of(LANES), 0);
        (numbers, unit)
    }
}

impl Search<'_> {
    /// Nearly the distance to `item` by the base layer's first axes, for a scan of all; for manhattan the euclidean, which
    /// ranks nearly as it does.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn near(&self, item: u32) -> f64 {
        let row = &self.codes.base.row(self.codes.row_of(item))[..self.numbers.len()];
        let product = dot(row, &self.numbers) as f32 * self.unit + self.offset;
        self.of_product(item, product)
    }

    /// The distance to `item`, as near as the codes that are there allow; for manhattan the euclidean.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn nearer(&self, item: u32) -> f64 {
        let terms = self.codes.coefficients(self.codes.row_of(item)).into_iter().zip(&self.coefficients);
        self.of_product(item, terms.map(|(value, own)| value * own).sum::<f32>() + self.offset)
    }

    /// Whether [`Search::distance`] is another than [`Search::nearer`] and takes decoding.
    pub fn decodes(&self) -> bool {
        self.metric == Metric::Manhattan
    }

    /// The distance to `item`, as near as the codes that are there allow.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn distance(&self, item: u32) -> f64 {
        if !self.decodes() {
            return self.nearer(item);
        }
        self.decode(&[item]);
        sums(&self.embedding, self.decoded.borrow().get(item)).absolute
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
