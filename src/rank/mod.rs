//! How far products are from what is asked for, and the nearest of many.
//!
//! At ten thousand products a scan is about a millisecond; no index of graphs or trees is faster and exact.

mod nearest;

pub use nearest::{Nearest, Neighbour};

use crate::codes::Search;
use crate::colour::{Blend, ColourCodes, Colours, Query, Weight};
use crate::embedding::Metric;

/// What is asked for: an embedding, and colours if they count.
pub struct Question<'a> {
    search: Search<'a>,
    colours: Option<Coloured<'a>>,
    among: Option<Vec<u32>>,
}

/// Colours that count.
pub struct Coloured<'a> {
    products: &'a ColourCodes,
    query: Query,
    blend: Blend,
    /// With what [`Search::near`] gives, which is euclidean for manhattan.
    near_blend: Blend,
}

impl<'a> Coloured<'a> {
    /// `own` against those of all `products`, by `weight` beside the network's distance by `metric`.
    pub fn new(products: &'a ColourCodes, own: &Colours, weight: Weight, metric: Metric) -> Coloured<'a> {
        let near = if metric == Metric::Manhattan { Metric::Euclidean } else { metric };
        let [blend, near_blend] = [metric, near].map(|metric| products.means().blend(weight, metric));
        Coloured { products, query: Query::new(own), blend, near_blend }
    }
}

impl<'a> Question<'a> {
    /// By the embedding alone, or with colours.
    pub fn new(search: Search<'a>, colours: Option<Coloured<'a>>) -> Question<'a> {
        Question { search, colours, among: None }
    }

    /// Asks for `items` alone: those of the nearest cells.
    pub fn among(self, items: Vec<u32>) -> Question<'a> {
        Question { among: Some(items), ..self }
    }

    /// The items asked for, if not all.
    pub fn items(&self) -> Option<&[u32]> {
        self.among.as_deref()
    }

    /// Nearly the distance to `item`, at once: what a scan of all goes by.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn near(&self, item: u32) -> Neighbour {
        self.blended(item, self.search.near(item), |coloured| coloured.near_blend)
    }

    /// Whether [`Question::distance`] is dear.
    pub fn decodes(&self) -> bool {
        self.search.decodes()
    }

    /// [`Question::distance`] to each of `items`.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn settle(&self, items: &[u32]) -> Vec<Neighbour> {
        if self.search.decodes() {
            self.search.decode(items);
        }
        items.iter().map(|item| self.distance(*item)).collect()
    }

    /// The distance to `item`, as near as the codes allow.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn distance(&self, item: u32) -> Neighbour {
        self.blended(item, self.search.distance(item), |coloured| coloured.blend)
    }

    /// The distance of two products.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn between(&self, a: u32, b: u32) -> f64 {
        let network = self.search.between(a, b);
        self.colours.as_ref().map_or(network, |Coloured { products, blend, .. }| {
            blend.distance(network, products.get(a as usize).distance(products.get(b as usize)))
        })
    }

    fn blended(&self, item: u32, network: f64, blend: fn(&Coloured) -> Blend) -> Neighbour {
        let distance = self.colours.as_ref().map_or(network, |coloured| {
            let colours = coloured.products.distance(&coloured.query, item as usize);
            blend(coloured).distance(network, colours)
        });
        Neighbour { item, distance }
    }
}
