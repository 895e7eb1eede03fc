//! How far items are from a query, and the nearest of many.
//!
//! At ten thousand items a scan is about a millisecond; no index of graphs or trees is faster and exact.

mod nearest;

pub use nearest::{Nearest, Neighbour};

use crate::codes;
use crate::colour::{Blend, ColourCodes, Colours, Query as ColourQuery, Weight};
use crate::embedding::Metric;

/// What is looked for: an embedding, and colours if they count.
pub struct Query<'a> {
    codes: codes::Query<'a>,
    colours: Option<Coloured<'a>>,
    /// Row of each item, if the catalogue is in partitions; else an item's row is its number.
    #[cfg(feature = "ivf")]
    rows: Option<&'a [u32]>,
}

/// Colours that count.
pub struct Coloured<'a> {
    products: &'a ColourCodes,
    query: ColourQuery,
    blend: Blend,
    /// Blend with the approximate distance, which is euclidean for manhattan.
    approximate_blend: Blend,
}

impl<'a> Coloured<'a> {
    /// The colours `own` against those of all `products`, by `weight` beside the network's distance by `metric`.
    pub fn new(products: &'a ColourCodes, own: &Colours, weight: Weight, metric: Metric) -> Coloured<'a> {
        let approximate = if metric == Metric::Manhattan { Metric::Euclidean } else { metric };
        let [blend, approximate_blend] =
            [metric, approximate].map(|metric| products.means().blend(weight, metric));
        Coloured { products, query: ColourQuery::new(own), blend, approximate_blend }
    }
}

impl<'a> Query<'a> {
    /// By the embedding alone, or with colours.
    pub fn new(codes: codes::Query<'a>, colours: Option<Coloured<'a>>) -> Query<'a> {
        Query {
            codes,
            colours,
            #[cfg(feature = "ivf")]
            rows: None,
        }
    }

    /// The same query of a catalogue in partitions, with the row of each item.
    #[cfg(feature = "ivf")]
    pub fn with_rows(self, rows: &'a [u32]) -> Query<'a> {
        Query { rows: Some(rows), ..self }
    }

    fn row(&self, item: u32) -> u32 {
        #[cfg(feature = "ivf")]
        if let Some(rows) = self.rows {
            return rows[item as usize];
        }
        item
    }

    /// The approximate distance to `item`, by which a scan of all finds candidates.
    ///
    /// # Panics
    /// If there is no such item, or it is not loaded.
    pub fn approximate(&self, item: u32) -> Neighbour {
        let row = self.row(item);
        self.blended(item, row, self.codes.approximate(row), |coloured| coloured.approximate_blend)
    }

    /// The distances to candidates as near as the loaded codes allow, in the order of `items`.
    ///
    /// # Panics
    /// If there is no such item, or it is not loaded.
    pub fn rescore(&self, items: &[u32]) -> Vec<Neighbour> {
        if self.codes.decodes() {
            // Many at once take a fraction of the time.
            self.codes.decode(&items.iter().map(|item| self.row(*item)).collect::<Vec<_>>());
        }
        let rescored = |item: &u32| {
            let row = self.row(*item);
            self.blended(*item, row, self.codes.distance(row), |coloured| coloured.blend)
        };
        items.iter().map(rescored).collect()
    }

    /// The distance of two items.
    ///
    /// # Panics
    /// If there is no such item, or one is not loaded.
    pub fn between(&self, a: u32, b: u32) -> f64 {
        let (a_row, b_row) = (self.row(a), self.row(b));
        let network = self.codes.between(a_row, b_row);
        self.colours.as_ref().map_or(network, |coloured| {
            let [a, b] = [(a, a_row), (b, b_row)]
                .map(|(item, row)| coloured.products.get(coloured.products.row_of(item, row)));
            coloured.blend.distance(network, a.distance(b))
        })
    }

    fn blended(&self, item: u32, row: u32, network: f64, blend: fn(&Coloured) -> Blend) -> Neighbour {
        let distance = self.colours.as_ref().map_or(network, |coloured| {
            let colours = coloured.products.distance(&coloured.query, coloured.products.row_of(item, row));
            blend(coloured).distance(network, colours)
        });
        Neighbour { item, distance }
    }
}
