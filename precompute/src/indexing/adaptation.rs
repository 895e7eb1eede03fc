//! Whether and how `build` adapts embeddings to the catalogue: fits an adaptation, or keeps that of the folder before.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use lookalike::digest::Digest;
use lookalike::embedding::{Adaptation, Component, FitError, Metric, fit};
use lookalike::rank::{Nearest, Neighbour};
use serde::{Deserialize, Serialize};

use super::cache::Record;
use super::embed::Item;
use super::embeddings::Embeddings;
use crate::args::AdaptName;
use crate::folder_reader::Folder;
use crate::workers::in_order;

/// Different photos from which on a catalogue is adapted to unless the shop says otherwise: of fewer the principal axes say
/// more of these photos than of the shop.
const LEAST_PRODUCTS: usize = 100;
/// Different photos that an adaptation is fitted to, at most; evenly spaced.
const SAMPLE: usize = 16_384;
/// An adaptation is kept while the number of photos is within this factor of that it was fitted on, ...
const GROWTH: f64 = 1.5;
/// ... and this share of the nearest photos of some are the same as by a new one.
const LEAST_OVERLAP: f64 = 0.97;
/// Photos whose nearest are compared, and how many of the nearest.
const COMPARED: usize = 200;
const DEPTH: usize = 10;

/// What was done about adaptation, as `build --json` reports it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Adapting {
    /// Fitted to the catalogue.
    Fitted {
        /// Dimensions of adapted embeddings.
        axes: usize,
        /// Different photos it was fitted on.
        products: u32,
    },
    /// That of the folder before still gives the same neighbours.
    Kept {
        /// Dimensions of adapted embeddings.
        axes: usize,
        /// Different photos it was fitted on.
        products: u32,
        /// The share of the nearest that are the same as by a new one.
        overlap: f64,
    },
    /// The shop does not want any.
    Off,
    /// There are too few different photos.
    TooFew {
        /// Different photos there are.
        products: usize,
        /// Different photos it takes.
        least: usize,
    },
    /// All embeddings have one direction.
    Alike,
}

impl Adapting {
    /// A line for people.
    pub fn line(&self) -> String {
        match self {
            Adapting::Fitted { axes, products } => {
                format!("adapted to the catalogue: {axes} axes, fitted on {products} different photos")
            }
            Adapting::Kept { axes, products, overlap } => format!(
                "adapted to the catalogue: {axes} axes, kept from the folder before (fitted on {products} different photos; {overlap:.3} of the nearest are the same as by a new one)"
            ),
            Adapting::Off => "not adapted to the catalogue (--adapt off)".to_owned(),
            Adapting::TooFew { products, least } => {
                format!("not adapted to the catalogue: {products} different photos, where it takes {least}")
            }
            Adapting::Alike => {
                "not adapted to the catalogue: the embeddings of all photos are alike".to_owned()
            }
        }
    }
}

/// The adaptation for the catalogue `items`, whose `embeddings` have `components`; `previous` is that of the build before.
///
/// # Errors
/// When an embedding cannot be read or is not of finite numbers.
pub fn choose(
    mode: AdaptName,
    previous: Option<Adaptation>,
    components: &[Component],
    embeddings: &Embeddings,
    items: &[Item],
    jobs: usize,
) -> anyhow::Result<(Option<Adaptation>, Adapting)> {
    if mode == AdaptName::Off {
        return Ok((None, Adapting::Off));
    }
    let photos = different(items);
    if photos.len() < LEAST_PRODUCTS {
        return Ok((None, Adapting::TooFew { products: photos.len(), least: LEAST_PRODUCTS }));
    }
    let sample = Sample::read(embeddings, &photos, components)?;
    let fitted = match sample.fit(jobs) {
        Ok(fitted) => fitted,
        Err(FitError::Alike) => return Ok((None, Adapting::Alike)),
        Err(FitError::Embedding { row, error }) => {
            let photo = items.iter().find(|item| item.record == sample.records[row]);
            let id = photo.map_or("", |item| &item.id);
            return Err(anyhow!(error).context(format!("product {id}")));
        }
    };
    if let Some(previous) = previous.filter(|previous| is_of(previous, components, fitted.products())) {
        let overlap = sample.overlap(&previous, &fitted, jobs)?;
        if overlap >= LEAST_OVERLAP {
            let (axes, products) = (previous.axes(), previous.products());
            return Ok((Some(previous), Adapting::Kept { axes, products, overlap }));
        }
    }
    let adapting = Adapting::Fitted { axes: fitted.axes(), products: fitted.products() };
    Ok((Some(fitted), adapting))
}

/// An adaptation fitted to `records` alone, whatever the number and the folder before; `None` if all are alike.
///
/// # Errors
/// When an embedding cannot be read or is not of finite numbers.
pub fn fitted(
    embeddings: &Embeddings,
    records: &[Record],
    components: &[Component],
    jobs: usize,
) -> anyhow::Result<Option<Adaptation>> {
    match Sample::read(embeddings, records, components)?.fit(jobs) {
        Ok(fitted) => Ok(Some(fitted)),
        Err(FitError::Alike) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// One record of each different photo, in item order.
fn different(items: &[Item]) -> Vec<Record> {
    let mut seen = HashSet::new();
    items.iter().filter(|item| seen.insert(item.photo)).map(|item| item.record).collect()
}

/// The adaptation of the folder `out`, if its photos' network is `network`.
pub fn of_folder(out: &Path, network: Digest) -> Option<Adaptation> {
    // A folder that cannot be read is about to be replaced.
    let folder = Folder::open(out).ok()?;
    let previous = folder.adaptation().ok()??;
    (folder.manifest.network.sha256 == network.hex()).then_some(previous)
}

/// Where in the cache the adaptation of stored neighbours' vectors is, if they are of a network of their own: browsers do not
/// need it, so that it is not in the folder.
pub fn kept_path(cache_folder: &Path, network: &str) -> PathBuf {
    cache_folder.join(format!("adaptation-{}.bin", &network[..network.len().min(16)]))
}

/// The adaptation in the cache, if there is one of this network.
pub fn of_cache(cache_folder: &Path, network: &str) -> Option<Adaptation> {
    // One that is damaged is made anew.
    Adaptation::read(&fs::read(kept_path(cache_folder, network)).ok()?).ok()
}

/// Whether `previous` is of these components and a catalogue of about this size.
fn is_of(previous: &Adaptation, components: &[Component], products: u32) -> bool {
    let growth =
        f64::from(products.max(previous.products())) / f64::from(products.min(previous.products()).max(1));
    previous.components() == components && growth <= GROWTH
}

/// Embeddings that an adaptation is fitted to.
struct Sample<'a> {
    /// The components of the embedding.
    components: &'a [Component],
    records: Vec<Record>,
    /// `[records, dims]`.
    rows: Vec<f32>,
    dims: usize,
    /// Photos of which they are the sample.
    photos: u32,
}

impl Sample<'_> {
    fn read<'a>(
        embeddings: &Embeddings,
        photos: &[Record],
        components: &'a [Component],
    ) -> anyhow::Result<Sample<'a>> {
        let step = photos.len().div_ceil(SAMPLE).max(1);
        let records: Vec<Record> = photos.iter().step_by(step).copied().collect();
        let rows = embeddings.read_all(&records)?;
        Ok(Sample {
            components,
            records,
            rows,
            dims: embeddings.dims(),
            photos: u32::try_from(photos.len())?,
        })
    }

    fn fit(&self, jobs: usize) -> Result<Adaptation, FitError> {
        fit(&self.rows, self.components, self.photos, jobs)
    }

    /// The mean share of the nearest of some photos by `a` that are among those by `b`.
    fn overlap(&self, a: &Adaptation, b: &Adaptation, jobs: usize) -> anyhow::Result<f64> {
        let [a, b] = [self.nearest(a, jobs)?, self.nearest(b, jobs)?];
        let (mut same, mut all) = (0, 0);
        for (a, b) in a.iter().zip(&b) {
            same += a.iter().filter(|near| b.iter().any(|other| other.item == near.item)).count();
            all += a.len();
        }
        Ok(same as f64 / all.max(1) as f64)
    }

    /// The nearest of some photos among all of the sample.
    fn nearest(&self, adaptation: &Adaptation, jobs: usize) -> anyhow::Result<Vec<Vec<Neighbour>>> {
        let rows: Vec<&[f32]> = self.rows.chunks_exact(self.dims).collect();
        let adapted = in_order(rows.len(), jobs, |row| adaptation.apply(rows[row]));
        let adapted = adapted.into_iter().collect::<Result<Vec<_>, _>>()?;
        let queries: Vec<usize> =
            (0..adapted.len()).step_by(adapted.len().div_ceil(COMPARED).max(1)).collect();
        Ok(in_order(queries.len(), jobs, |at| {
            let mut nearest = Nearest::new(DEPTH);
            for (item, other) in (0..).zip(&adapted) {
                if item as usize != queries[at] {
                    let distance =
                        lookalike::embedding::distance(Metric::Cosine, &adapted[queries[at]], other);
                    nearest.offer(Neighbour { item, distance });
                }
            }
            nearest.into_sorted()
        }))
    }
}
