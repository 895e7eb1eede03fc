//! What JavaScript sees. The worker (`www/worker`) drives these classes; the types are in `www/wasm/lookalike.d.ts`.
//!
//! Every failure is thrown as an `Error` whose `code` is stable and whose message is for people.

use js_sys::{Error, Reflect, Uint8Array};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use crate::codes::Codes;
use crate::digest::Digest;
use crate::embedding::Metric;
use crate::format::{FormatError, verify};
use crate::network::{Loader, Network, NetworkError};
use crate::photo::{Limits, Photo, PhotoError, decode, resize};

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
pub struct Ranker(Codes);

#[derive(Deserialize)]
struct RankOptions {
    metric: Metric,
    limit: usize,
}

#[derive(Serialize)]
struct Ranked {
    item: u32,
    distance: f64,
}

#[wasm_bindgen]
impl Ranker {
    /// From the bytes of the codes file and their SHA-256 in the manifest.
    #[wasm_bindgen(constructor)]
    pub fn new(codes: &Uint8Array, sha256: &str) -> Result<Ranker, JsValue> {
        let codes = codes.to_vec();
        verify(&codes, sha256)
            .and_then(|()| Codes::read(&codes))
            .map(Ranker)
            .map_err(refused("the codes file"))
    }

    /// Number of products.
    #[wasm_bindgen(getter)]
    pub fn items(&self) -> usize {
        self.0.items()
    }

    /// The nearest products of an embedding, `{item, distance}` each, nearest first; `options` is `{metric, limit}`.
    pub fn rank(&self, embedding: &[f32], options: JsValue) -> Result<JsValue, JsValue> {
        let options: RankOptions = serde_wasm_bindgen::from_value(options)
            .map_err(|error| thrown("options/invalid", &format!("the ranking's options: {error}")))?;
        let neighbours = crate::rank::rank(&self.0, embedding, options.metric, options.limit)
            .map_err(|error| thrown("network/mismatch", &error.to_string()))?;
        let ranked: Vec<Ranked> = neighbours
            .into_iter()
            .map(|neighbour| Ranked { item: neighbour.item, distance: neighbour.distance })
            .collect();
        Ok(serde_wasm_bindgen::to_value(&ranked)?)
    }
}
