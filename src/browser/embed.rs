//! The module that embeds: decodes a photo, runs the network over it or a part of it. Knows nothing of the catalogue.

use js_sys::{Uint8Array, Uint8ClampedArray};
use wasm_bindgen::prelude::*;

use super::{refused, thrown};
use crate::colour::{Colours, object};
use crate::digest::Digest;
use crate::embedding::{AdaptError, Adaptation};
use crate::format::verify;
use crate::network::{Loader, Network, NetworkError};
use crate::photo::{Crop, Limits, Photo, PhotoError, Rows, decode, resize};

/// Decoded photos take three bytes a pixel beside the network; 50 million pixels is what phones take.
const LIMITS: Limits = Limits { megapixels: 50 };

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

impl From<AdaptError> for JsValue {
    fn from(error: AdaptError) -> JsValue {
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
        Ok(Embedder { network: self.0.finish()?, adaptation: None })
    }
}

/// A network that is ready to run, and the adaptation to the catalogue if it has one.
#[wasm_bindgen]
pub struct Embedder {
    network: Network,
    adaptation: Option<Adaptation>,
}

#[wasm_bindgen]
impl Embedder {
    /// Takes in the adaptation file of the catalogue, called `name`, whose SHA-256 the manifest gives: embeddings are adapted
    /// from then on.
    pub fn adapt(&mut self, adaptation: &[u8], sha256: &str, name: &str) -> Result<(), JsValue> {
        let read = verify(adaptation, sha256).and_then(|()| Adaptation::read(adaptation));
        let read = read.and_then(|read| read.of_network(self.network.dims()));
        self.adaptation = Some(read.map_err(refused(name))?);
        Ok(())
    }

    /// The embedding of a decoded photo, or of the part of it that `crop` says: `[x, y, width, height]` in fractions.
    pub fn embed(&self, picture: &Picture, crop: Option<Vec<f64>>) -> Result<Vec<f32>, JsValue> {
        let embedding = self.network.embed(picture.0.region(&within(crop)?))?;
        Ok(match &self.adaptation {
            Some(adaptation) => adaptation.apply(&embedding)?,
            None => embedding,
        })
    }
}

fn within(crop: Option<Vec<f64>>) -> Result<Crop, PhotoError> {
    let Some(crop) = crop else { return Ok(Crop::WHOLE) };
    Crop::new(crop.try_into().unwrap_or([f64::NAN; 4]))
}

/// A photo that the browser decodes: its pixels come a few rows at a time.
#[wasm_bindgen]
pub struct PictureRows(Rows);

#[wasm_bindgen]
impl PictureRows {
    /// Of a photo of this size.
    #[wasm_bindgen(constructor)]
    pub fn new(width: u32, height: u32) -> Result<PictureRows, JsValue> {
        Ok(PictureRows(Rows::new(width, height, &LIMITS)?))
    }

    /// Takes in the next rows, upright RGBA.
    pub fn add(&mut self, rgba: &Uint8ClampedArray) {
        self.0.add(&rgba.to_vec());
    }

    /// The photo, once every row is there; this object is used up.
    pub fn finish(self) -> Result<Picture, JsValue> {
        Ok(Picture(self.0.finish()?))
    }
}

/// A decoded photo.
#[wasm_bindgen]
pub struct Picture(Photo);

#[wasm_bindgen]
impl Picture {
    /// Decodes a JPEG, PNG, WebP, GIF, BMP or TIFF.
    pub fn decode(photo: &Uint8Array) -> Result<Picture, JsValue> {
        Ok(Picture(decode(&photo.to_vec(), &LIMITS)?))
    }

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

    /// What `Ranker.rank` wants to know of its colours, or of those of the part that `crop` says.
    pub fn colours(&self, crop: Option<Vec<f64>>) -> Result<Vec<u8>, JsValue> {
        Ok(Colours::of(self.0.region(&within(crop)?)).as_bytes().to_vec())
    }

    /// The box around the object on it, `[x, y, width, height]` in fractions; all of it where nothing stands out.
    pub fn object(&self) -> Vec<f64> {
        object(&self.0).sides().to_vec()
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
