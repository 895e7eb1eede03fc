//! The module that ranks: a catalogue and the search in it. Knows nothing of photos.

use js_sys::{Reflect, Uint8Array, Uint32Array};
use wasm_bindgen::prelude::*;

use super::{options, refused, thrown};
use crate::codes::{Codes, CodesError};
use crate::colour::{Colours, Weight};
use crate::embedding::Metric;
use crate::format::verify;
#[cfg(feature = "ivf")]
use crate::ivf::File;
use crate::rules::Rules;
use crate::search::{Catalogue, Like, Search, SearchError, SearchRequest, Step};

/// Ranks the catalogue.
#[wasm_bindgen]
pub struct Ranker {
    pub(super) catalogue: Catalogue,
    /// The search that waits for files, and these.
    #[cfg(feature = "ivf")]
    pub(super) search: Option<Search>,
    #[cfg(feature = "ivf")]
    pub(super) needs: Vec<File>,
}

#[wasm_bindgen]
impl Ranker {
    /// From the bytes of the codec and the codes file, their SHA-256 in the manifest, and its number of products.
    #[wasm_bindgen(constructor)]
    pub fn new(
        codec: &Uint8Array,
        codec_sha256: &str,
        codes: &Uint8Array,
        codes_sha256: &str,
        items: u32,
    ) -> Result<Ranker, JsValue> {
        let (codec, codes) = (codec.to_vec(), codes.to_vec());
        verify(&codec, codec_sha256).map_err(refused("the codec"))?;
        verify(&codes, codes_sha256).map_err(refused("the codes file"))?;
        let codes = Codes::read(&codec, &codes, items).map_err(|error| match error {
            CodesError::Codec(error) => refused("the codec")(error),
            CodesError::Codes(error) => refused("the codes file")(error),
        })?;
        Ok(Ranker {
            catalogue: Catalogue::new(codes),
            #[cfg(feature = "ivf")]
            search: None,
            #[cfg(feature = "ivf")]
            needs: Vec::new(),
        })
    }

    /// Takes in the refinement: rankings are nearer to the exact one from then on.
    pub fn refine(&mut self, refinement: &Uint8Array, sha256: &str) -> Result<(), JsValue> {
        let refinement = refinement.to_vec();
        verify(&refinement, sha256)
            .and_then(|()| self.catalogue.refine(&refinement))
            .map_err(refused("the refinement"))
    }

    /// Takes in the products' colours.
    pub fn give_colours(&mut self, colours: &Uint8Array, sha256: &str) -> Result<(), JsValue> {
        let colours = colours.to_vec();
        verify(&colours, sha256)
            .and_then(|()| self.catalogue.give_colours(&colours))
            .map_err(refused("the colours file"))
    }

    /// Takes in what products are filtered by.
    pub fn give_attributes(&mut self, attributes: &Uint8Array, sha256: &str) -> Result<(), JsValue> {
        let attributes = attributes.to_vec();
        verify(&attributes, sha256)
            .and_then(|()| self.catalogue.give_attributes(&attributes))
            .map_err(refused("the attributes file"))
    }

    /// The products for a photo, nearest first, as number and distance in turn. `options` is
    /// `{metric, limit, colour, rules, excluded, settled}`; colours and attributes must have been given if they count, and the
    /// refinement if it is `settled`. Of a catalogue in partitions, none as long as [`Ranker::needs`] some files.
    pub fn rank(&mut self, embedding: &[f32], colours: &[u8], options: JsValue) -> Result<Vec<f64>, JsValue> {
        let colours = colours.try_into().ok().and_then(Colours::from_bytes);
        self.search(Like::Photo { embedding: embedding.to_vec(), colours }, options)
    }

    /// The same for the product with the number `item`.
    pub fn rank_like_item(&mut self, item: u32, options: JsValue) -> Result<Vec<f64>, JsValue> {
        self.search(Like::Item(item), options)
    }
}

impl Ranker {
    fn search(&mut self, like: Like, options: JsValue) -> Result<Vec<f64>, JsValue> {
        let invalid = |what: &dyn std::fmt::Display| {
            thrown("options/invalid", &format!("the ranking's options: {what}"))
        };
        // Reading these one by one takes a fraction of the code that a derived reader takes.
        let option = |name: &str| Reflect::get(&options, &name.into()).unwrap_or_default();
        let metric = option("metric").as_string().and_then(|name| Metric::from_name(&name));
        let limit = option("limit").as_f64().filter(|limit| limit.fract() == 0.0 && *limit >= 0.0);
        let colour = match option("colour") {
            none if none.is_null() || none.is_undefined() => Weight::new(0.0),
            colour => colour.as_f64().and_then(Weight::new),
        };
        let rules: Option<Rules> = options::read(option("rules")).map_err(|error| invalid(&error))?;
        let request = SearchRequest {
            like,
            metric: metric.ok_or_else(|| invalid(&"metric is cosine, euclidean or manhattan"))?,
            limit: limit.ok_or_else(|| invalid(&"limit is a whole number"))? as usize,
            colour: colour.ok_or_else(|| invalid(&"colour is from 0 to 1"))?,
            rules: rules.unwrap_or_default(),
            excluded: Uint32Array::new(&option("excluded")).to_vec(),
            rescore: option("settled").is_truthy(),
        };
        #[cfg(feature = "ivf")]
        {
            self.search = Some(Search::new(request));
            self.resume()
        }
        #[cfg(not(feature = "ivf"))]
        found(Search::new(request).step(&mut self.catalogue))
    }
}

/// Numbers and distances in turn; none as long as files are needed.
pub(super) fn found(step: Result<Step, SearchError>) -> Result<Vec<f64>, JsValue> {
    match step {
        Ok(Step::Results(found)) => {
            Ok(found.into_iter().flat_map(|one| [f64::from(one.item), one.distance]).collect())
        }
        #[cfg(feature = "ivf")]
        Ok(Step::Need(_)) => Ok(Vec::new()),
        Err(error) => Err(thrown(error.code(), &error.to_string())),
    }
}
