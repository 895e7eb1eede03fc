//! The two networks of a folder: that whose neighbours are stored, and that which embeds a shopper's photo in the browser. They
//! are one and the same unless the shop wants it otherwise, or the first is none that a browser runs.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use lookalike::digest::Digest;
use lookalike::embedding::Component;
use lookalike::folder::NeighboursNetwork;
use lookalike::network::Preprocessing;

use super::native::NativeNetwork;
use super::{DEFAULT, Opened, open};
use crate::args::{NetworkOptions, NetworksArguments};

/// Weights from which on `build` says that shoppers load much, in bytes.
const MANY_BYTES: u64 = 8_000_000;

/// The networks of a folder.
pub struct Networks {
    /// Embeds shoppers' photos; the folder has it.
    pub photo: Arc<Opened>,
    own: Option<Own>,
}

/// The network of the stored neighbours, if it is not that of shoppers' photos.
struct Own {
    name: String,
    network: PhotoNetwork,
}

/// A network that embeds photos, whatever runs it. Cheap to share between threads.
#[derive(Clone)]
pub enum PhotoNetwork {
    /// As the browser runs it.
    Compiled(Arc<Opened>),
    /// Any operations.
    Native(Arc<NativeNetwork>),
}

impl Networks {
    /// Opens what `--model` and `--photo-model` name; what must be compiled for that goes into `cache`.
    ///
    /// # Errors
    /// When one cannot be read or run, or a browser cannot run that for shoppers' photos.
    pub fn open(arguments: &NetworksArguments, cache: &Path) -> anyhow::Result<Networks> {
        let NetworksArguments { model, photo_model, model_output, model_preprocessing } = arguments;
        let options = NetworkOptions { preprocessing: *model_preprocessing, ..NetworkOptions::default() };
        let same = photo_model.as_ref().is_none_or(|photo_model| photo_model == model);
        let folder = cache.join(if same { "network" } else { "model" });
        let compiled = open(model, model_output.as_deref(), &options, &folder);
        let networks = match compiled {
            Ok(photo) if same => Networks { photo: Arc::new(photo), own: None },
            Ok(own) => {
                let name = own.network.description().name.clone();
                Networks::two(photo_model.as_deref(), cache, name, PhotoNetwork::Compiled(Arc::new(own)))?
            }
            Err(error) => {
                let path = Path::new(model);
                if !path.is_file() {
                    return Err(error);
                }
                // Whatever is wrong with the file, the first error says it too.
                let Ok(network) = NativeNetwork::open(path, model_output.as_deref(), *model_preprocessing)
                else {
                    return Err(error);
                };
                if photo_model.is_some() && same {
                    return Err(error.context(format!(
                        "a browser cannot run {model}: give another --photo-model, such as {DEFAULT}"
                    )));
                }
                let name =
                    path.file_stem().map_or_else(|| model.clone(), |stem| stem.to_string_lossy().into());
                Networks::two(photo_model.as_deref(), cache, name, PhotoNetwork::Native(Arc::new(network)))?
            }
        };
        let parts = networks.photo.network.description().parts.iter();
        let bytes: u64 = parts.map(|part| part.bytes).sum();
        if bytes > MANY_BYTES && photo_model.is_none() {
            eprintln!(
                "note: a shopper's first photo loads the {:.0} MB of {model}; with --photo-model {DEFAULT} it loads 3",
                bytes as f64 / 1e6
            );
        }
        Ok(networks)
    }

    fn two(
        photo_model: Option<&str>,
        cache: &Path,
        name: String,
        network: PhotoNetwork,
    ) -> anyhow::Result<Networks> {
        let photo_model = photo_model.unwrap_or(DEFAULT);
        let photo = open(photo_model, None, &NetworkOptions::default(), &cache.join("network"));
        let photo = photo.with_context(|| format!("the network of shoppers' photos, {photo_model}"))?;
        // Two files may hold one network.
        let own = (network.identity() != photo.network.identity()).then_some(Own { name, network });
        Ok(Networks { photo: Arc::new(photo), own })
    }

    /// The network of shoppers' photos, as any other.
    pub fn of_photos(&self) -> PhotoNetwork {
        PhotoNetwork::Compiled(self.photo.clone())
    }

    /// The network of the stored neighbours, if it is one of its own.
    pub fn own(&self) -> Option<PhotoNetwork> {
        self.own.as_ref().map(|own| own.network.clone())
    }

    /// What the manifest says of [`Networks::own`], whose embeddings were `adapted` to the catalogue or not.
    pub fn own_entry(&self, adapted: bool) -> Option<NeighboursNetwork> {
        let Own { name, network } = self.own.as_ref()?;
        Some(NeighboursNetwork {
            name: name.clone(),
            sha256: network.identity().hex(),
            dims: network.dims(),
            components: network.components(),
            adapted,
        })
    }

    /// Stands for both.
    pub fn identity(&self) -> Digest {
        let photo = self.photo.network.identity();
        self.own().map_or(photo, |own| Digest::of_set([photo, own.identity()]))
    }
}

impl PhotoNetwork {
    /// Embeddings may be compared if and only if it is the same.
    pub fn identity(&self) -> Digest {
        match self {
            PhotoNetwork::Compiled(opened) => opened.network.identity(),
            PhotoNetwork::Native(network) => network.identity(),
        }
    }

    /// Length of an embedding.
    pub fn dims(&self) -> usize {
        match self {
            PhotoNetwork::Compiled(opened) => opened.network.dims(),
            PhotoNetwork::Native(network) => network.dims(),
        }
    }

    /// The components of the embedding, in its order.
    pub fn components(&self) -> Vec<Component> {
        match self {
            PhotoNetwork::Compiled(opened) => Component::of_network(opened.network.description()),
            PhotoNetwork::Native(network) => vec![Component::whole(network.dims())],
        }
    }

    /// How a photo becomes the input.
    pub fn preprocessing(&self) -> &Preprocessing {
        match self {
            PhotoNetwork::Compiled(opened) => &opened.network.description().preprocessing,
            PhotoNetwork::Native(network) => network.preprocessing(),
        }
    }

    /// The embeddings, `[n, dims]`, row-major, of preprocessed inputs, f32 `[n, 3, height, width]`.
    ///
    /// # Errors
    /// When the network fails.
    pub fn run(&self, inputs: &[f32]) -> anyhow::Result<Vec<f32>> {
        match self {
            PhotoNetwork::Compiled(opened) => Ok(opened.network.run(inputs)?),
            PhotoNetwork::Native(network) => network.run(inputs),
        }
    }
}
