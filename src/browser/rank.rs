//! The module that ranks: the codes, colours and attributes of a catalogue, and the rules. Knows nothing of photos.

use js_sys::Uint8Array;
use serde::Deserialize;
use wasm_bindgen::prelude::*;

use super::{options, refused, thrown};
use crate::attributes::Attributes;
use crate::codes::{Codes, CodesError, Search};
use crate::colour::{ColourCodes, Colours, Weight};
use crate::embedding::Metric;
use crate::format::{FormatError, verify};
use crate::rank::{Coloured, Question};
use crate::rules::Rules;

/// Ranks the catalogue.
#[wasm_bindgen]
pub struct Ranker {
    pub(super) codes: Codes,
    pub(super) colours: Option<ColourCodes>,
    pub(super) attributes: Attributes,
}

#[derive(Deserialize)]
struct RankOptions {
    metric: Metric,
    limit: usize,
    #[serde(default)]
    colour: Option<f64>,
    #[serde(default)]
    rules: Option<Rules>,
    #[serde(default)]
    excluded: Vec<u32>,
    /// Of a catalogue in cells, those to look into.
    #[cfg(feature = "cells")]
    #[serde(default)]
    cells: Vec<u32>,
}

#[wasm_bindgen]
impl Ranker {
    /// From the bytes of the codebook and the codes file, their SHA-256 in the manifest, and its number of products.
    #[wasm_bindgen(constructor)]
    pub fn new(
        codebook: &Uint8Array,
        codebook_sha256: &str,
        codes: &Uint8Array,
        codes_sha256: &str,
        items: u32,
    ) -> Result<Ranker, JsValue> {
        let (codebook, codes) = (codebook.to_vec(), codes.to_vec());
        verify(&codebook, codebook_sha256).map_err(refused("the codebook"))?;
        verify(&codes, codes_sha256).map_err(refused("the codes file"))?;
        let codes = Codes::read(&codebook, &codes, items).map_err(|error| match error {
            CodesError::Codebook(error) => refused("the codebook")(error),
            CodesError::Codes(error) => refused("the codes file")(error),
        })?;
        Ok(Ranker { codes, colours: None, attributes: Attributes::none(items) })
    }

    /// Takes in the refinement: rankings are nearer to the exact one from then on.
    pub fn refine(&mut self, refinement: &Uint8Array, sha256: &str) -> Result<(), JsValue> {
        let refinement = refinement.to_vec();
        verify(&refinement, sha256)
            .and_then(|()| self.codes.refine(&refinement))
            .map_err(refused("the refinement"))
    }

    /// Takes in the products' colours.
    pub fn give_colours(&mut self, colours: &Uint8Array, sha256: &str) -> Result<(), JsValue> {
        let colours = colours.to_vec();
        let read = verify(&colours, sha256).and_then(|()| ColourCodes::read(&colours));
        let read = read.and_then(|read| match read.items() == self.codes.items() {
            true => Ok(read),
            false => Err(FormatError::Value("is of another catalogue".to_owned())),
        });
        self.colours = Some(read.map_err(refused("the colours file"))?);
        Ok(())
    }

    /// Takes in what products are filtered by.
    pub fn give_attributes(&mut self, attributes: &Uint8Array, sha256: &str) -> Result<(), JsValue> {
        let attributes = attributes.to_vec();
        self.attributes = verify(&attributes, sha256)
            .and_then(|()| Attributes::read(&attributes, self.codes.items() as u32))
            .map_err(refused("the attributes file"))?;
        Ok(())
    }

    /// The products for a photo, nearest first, as number and distance in turn. `options` is
    /// `{metric, limit, colour, rules, excluded, cells}`; colours and attributes must have been given where they count.
    pub fn rank(&self, embedding: &[f32], colours: &[u8], options: JsValue) -> Result<Vec<f64>, JsValue> {
        let colours = colours.try_into().ok().and_then(Colours::from_bytes);
        self.answer(embedding, colours, None, options)
    }

    /// The same for the product with the number `item`.
    pub fn rank_like_item(&self, item: u32, options: JsValue) -> Result<Vec<f64>, JsValue> {
        let embedding = self.decoded(item)?;
        self.answer(&embedding, None, Some(item), options)
    }
}

impl Ranker {
    /// The embedding that the codes of the product with the number `item` stand for.
    pub(super) fn decoded(&self, item: u32) -> Result<Vec<f32>, JsValue> {
        if !self.codes.has(item) {
            return Err(thrown("item/unknown", &format!("there is no product number {item}")));
        }
        let mut embedding = vec![0f32; self.codes.dims()];
        self.codes.decode(item as usize, &mut embedding);
        Ok(embedding)
    }

    pub(super) fn search(&self, embedding: &[f32], metric: Metric) -> Result<Search<'_>, JsValue> {
        let search = self.codes.search(embedding, metric);
        search.map_err(|error| thrown("network/mismatch", &error.to_string()))
    }

    fn answer(
        &self,
        embedding: &[f32],
        colours: Option<Colours>,
        item: Option<u32>,
        options: JsValue,
    ) -> Result<Vec<f64>, JsValue> {
        let invalid = |error: &dyn std::fmt::Display| {
            thrown("options/invalid", &format!("the ranking's options: {error}"))
        };
        let options: RankOptions = options::read(options).map_err(|error| invalid(&error))?;
        let chooser = options
            .rules
            .unwrap_or_default()
            .prepare(&self.attributes, &options.excluded, item)
            .map_err(|error| thrown(error.code(), &error.to_string()))?;
        let search = self.search(embedding, options.metric)?;
        let weight = options.colour.unwrap_or(0.0);
        let weight = Weight::new(weight).ok_or_else(|| invalid(&"colour is from 0 to 1"))?;
        let coloured = if weight.counts() {
            let products = self.colours.as_ref();
            let own = products.and_then(|products| match item {
                Some(item) => Some((products, *products.get(item as usize))),
                None => Some((products, colours?)),
            });
            let (products, own) = own.ok_or_else(|| invalid(&"colours count, but there are none"))?;
            Some(Coloured::new(products, &own, weight, options.metric))
        } else {
            None
        };
        let question = Question::new(search, coloured);
        #[cfg(feature = "cells")]
        let question = match self.codes.cells() {
            0 => question,
            _ => question.among(self.codes.items_of_cells(&options.cells)),
        };
        let ranked = chooser.answer(&question, options.limit);
        Ok(ranked.into_iter().flat_map(|one| [f64::from(one.item), one.distance]).collect())
    }
}
