//! What JavaScript sees. The worker (`www/worker`) drives these classes; the types are in `www/wasm/lookalike.d.ts`.
//!
//! Every failure is thrown as an `Error` whose `code` is stable and whose message is for people.

use js_sys::{Error, Reflect, Uint8Array};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use crate::attributes::Attributes;
use crate::codes::{Codes, CodesError};
use crate::colour::{ColourCodes, Colours, Weight};
use crate::digest::Digest;
use crate::embedding::Metric;
use crate::format::{FormatError, verify};
use crate::network::{Loader, Network, NetworkError};
use crate::photo::{Limits, Photo, PhotoError, decode, resize};
use crate::rank::{Coloured, Question};
use crate::rules::Rules;

/// Runs once when the module is instantiated.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// Decoded photos take three bytes a pixel beside the network; 50 million pixels is what phones take.
const LIMITS: Limits = Limits { megapixels: 50 };

fn thrown(code: &str, message: &str) -> JsValue {
    let error = Error::new(message);
    // Setting a property on a fresh object cannot fail.
    Reflect::set(&error, &"code".into(), &code.into()).ok();
    error.into()
}

fn refused(file: &str) -> impl Fn(FormatError) -> JsValue + '_ {
    move |error| {
        let thrown = thrown(error.code(), &format!("{file} {error}"));
        Reflect::set(&thrown, &"file".into(), &file.into()).ok();
        thrown
    }
}

impl From<PhotoError> for JsValue {
    fn from(error: PhotoError) -> JsValue {
        thrown(error.code(), &error.to_string())
    }
}

impl From<NetworkError> for JsValue {
    fn from(error: NetworkError) -> JsValue {
        thrown(error.code(), &error.to_string())
    }
}

/// Puts the network together as its parts arrive.
#[wasm_bindgen]
pub struct NetworkLoader(Loader);

#[wasm_bindgen]
impl NetworkLoader {
    /// From the bytes of `network.json` and their SHA-256 in the manifest.
    #[wasm_bindgen(constructor)]
    pub fn new(description: &[u8], sha256: &str) -> Result<NetworkLoader, JsValue> {
        Ok(NetworkLoader(Loader::new(description, sha256).map_err(refused("network.json"))?))
    }

    /// The parts to fetch: `{path, bytes, sha256}` each.
    pub fn parts(&self) -> Result<JsValue, JsValue> {
        Ok(serde_wasm_bindgen::to_value(&self.0.description().parts)?)
    }

    /// Takes in the content of part number `index`.
    pub fn part(&mut self, index: usize, content: &Uint8Array) -> Result<(), JsValue> {
        let file = self.0.description().parts.get(index).map_or_else(String::new, |part| part.path.clone());
        self.0.part(index, &content.to_vec()).map_err(refused(&file))
    }

    /// The network, once every part is there; the loader is used up.
    pub fn finish(self) -> Result<Embedder, JsValue> {
        Ok(Embedder(self.0.finish()?))
    }
}

/// A network that is ready to run.
#[wasm_bindgen]
pub struct Embedder(Network);

#[wasm_bindgen]
impl Embedder {
    /// Decodes a photo.
    pub fn decode(&self, photo: &Uint8Array) -> Result<Picture, JsValue> {
        Ok(Picture(decode(&photo.to_vec(), &LIMITS)?))
    }

    /// The embedding of a decoded photo.
    pub fn embed(&self, picture: &Picture) -> Result<Vec<f32>, JsValue> {
        Ok(self.0.embed(&picture.0)?)
    }
}

/// A decoded photo.
#[wasm_bindgen]
pub struct Picture(Photo);

#[wasm_bindgen]
impl Picture {
    /// Pixels across.
    #[wasm_bindgen(getter)]
    pub fn width(&self) -> u32 {
        self.0.width()
    }

    /// Pixels down.
    #[wasm_bindgen(getter)]
    pub fn height(&self) -> u32 {
        self.0.height()
    }

    /// What [`Ranker::rank`] wants to know of its colours.
    pub fn colours(&self) -> Vec<u8> {
        Colours::of(&self.0).as_bytes().to_vec()
    }

    /// SHA-256 of the pixels: how one tells that two machines decode alike.
    pub fn sha256(&self) -> String {
        Digest::of(self.0.rgb()).hex()
    }

    /// SHA-256 of the pixels once squashed to `width` x `height`.
    pub fn resized_sha256(&self, width: u32, height: u32) -> String {
        Digest::of(resize(&self.0, width, height).rgb()).hex()
    }
}

/// Ranks the catalogue.
#[wasm_bindgen]
pub struct Ranker {
    codes: Codes,
    colours: Option<ColourCodes>,
    attributes: Attributes,
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
}

#[derive(Serialize)]
struct Ranked {
    item: u32,
    distance: f64,
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

    /// The products for a photo, `{item, distance}` each, nearest first. `options` is
    /// `{metric, limit, colour, rules, excluded}`; colours and attributes must have been given where they count.
    pub fn rank(&self, embedding: &[f32], colours: &[u8], options: JsValue) -> Result<JsValue, JsValue> {
        let colours = colours.try_into().ok().and_then(Colours::from_bytes);
        self.answer(embedding, colours, None, options)
    }

    /// The products for the product with the number `item`.
    pub fn rank_like_item(&self, item: u32, options: JsValue) -> Result<JsValue, JsValue> {
        if item as usize >= self.codes.items() {
            return Err(thrown("item/unknown", &format!("there is no product number {item}")));
        }
        let mut embedding = vec![0f32; self.codes.dims()];
        self.codes.decode(item as usize, &mut embedding);
        let colours = self.colours.as_ref().map(|colours| *colours.get(item as usize));
        self.answer(&embedding, colours, Some(item), options)
    }
}

impl Ranker {
    fn answer(
        &self,
        embedding: &[f32],
        colours: Option<Colours>,
        item: Option<u32>,
        options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let invalid = |error: &dyn std::fmt::Display| {
            thrown("options/invalid", &format!("the ranking's options: {error}"))
        };
        let options: RankOptions =
            serde_wasm_bindgen::from_value(options).map_err(|error| invalid(&error))?;
        let chooser = options
            .rules
            .unwrap_or_default()
            .prepare(&self.attributes, &options.excluded, item)
            .map_err(|error| thrown(error.code(), &error.to_string()))?;
        let search = self
            .codes
            .search(embedding, options.metric)
            .map_err(|error| thrown("network/mismatch", &error.to_string()))?;
        let weight = options.colour.unwrap_or(0.0);
        let weight = Weight::new(weight).ok_or_else(|| invalid(&"colour is from 0 to 1"))?;
        let coloured = match (&self.colours, colours) {
            (Some(products), Some(own)) if weight.counts() => {
                Some(Coloured::new(products, &own, weight, options.metric))
            }
            _ if weight.counts() => return Err(invalid(&"colours count, but there are none")),
            _ => None,
        };
        let ranked: Vec<Ranked> = chooser
            .answer(&Question::new(search, coloured), options.limit)
            .into_iter()
            .map(|neighbour| Ranked { item: neighbour.item, distance: neighbour.distance })
            .collect();
        Ok(serde_wasm_bindgen::to_value(&ranked)?)
    }
}
