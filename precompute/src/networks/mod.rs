//! Where a network comes from: the project's own, an ONNX file, or a folder compiled before.

mod calibration;
mod constants;
mod feedback;
mod native;
mod onnx;
mod roles;
mod sharing;
mod slices;
mod source;
mod storage;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use lookalike::digest::Digest;
use lookalike::network::{Description, Loader, Network, write_parts};

use crate::args::NetworkOptions;
pub use roles::{Networks, PhotoNetwork};

/// The name of the network that is used where none is named.
pub const DEFAULT: &str = "slim";

/// The default network as `precompute model compile` wrote it: file names and contents. `precompute/training/README.md`
/// is its model card.
const DEFAULT_FILES: [(&str, &[u8]); 2] = [
    ("network.json", include_bytes!("../../slim/network.json")),
    ("part-000.bin", include_bytes!("../../slim/part-000.bin")),
];

/// A network's description and weights, before these are cut into parts.
pub struct Compiled {
    /// Without parts.
    pub description: Description,
    /// The stored bytes of each tensor, in the description's order.
    pub tensors: Vec<Vec<u8>>,
}

impl Compiled {
    /// Compiles an ONNX file.
    ///
    /// # Errors
    /// See `onnx::compile`.
    pub fn from_onnx(
        path: &Path,
        output: Option<&str>,
        options: &NetworkOptions,
    ) -> anyhow::Result<Compiled> {
        onnx::compile(path, output, options)
    }

    /// Writes `network.json` and the parts into `folder`, which is made. The description goes last: without it there
    /// is no network.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(mut self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        let tensors = self.tensors;
        write_parts(&mut self.description, tensors, |name, content| write(&folder.join(name), content))?;
        write(&folder.join("network.json"), &self.description.write())
    }
}

fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    fs::write(path, content).with_context(|| format!("writing {}", path.display()))
}

/// A network that is ready to run, and the folder of its files.
pub struct Opened {
    /// Ready to run.
    pub network: Network,
    /// Holds `network.json` and the parts.
    pub folder: PathBuf,
    /// The text of `network.json`.
    pub text: Vec<u8>,
}

/// The compiled network that `model` names. An ONNX file is compiled into `folder`, its value `output` as the embedding.
///
/// # Errors
/// When it cannot be read, compiled or written.
fn open(
    model: &str,
    output: Option<&str>,
    options: &NetworkOptions,
    folder: &Path,
) -> anyhow::Result<Opened> {
    let path = Path::new(model);
    // Whatever lies where the program was started: a folder of that name is `./slim`.
    if model == DEFAULT {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        DEFAULT_FILES.iter().try_for_each(|(name, content)| write(&folder.join(name), content))?;
    } else if path.is_dir() {
        return open_folder(path);
    } else if path.is_file() {
        Compiled::from_onnx(path, output, options)?.write(folder)?;
    } else {
        bail!(
            "no network called {model}: give {DEFAULT}, an ONNX file, or a folder made by `precompute model compile`"
        );
    }
    open_folder(folder)
}

/// The network in `folder`.
///
/// # Errors
/// When a file cannot be read or is refused; the message has its name.
pub fn open_folder(folder: &Path) -> anyhow::Result<Opened> {
    let path = folder.join("network.json");
    let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let mut loader =
        Loader::new(&text, &Digest::of(&text).hex()).with_context(|| format!("{}", path.display()))?;
    for (index, part) in loader.description().parts.clone().into_iter().enumerate() {
        let path = folder.join(&part.path);
        let content = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        loader.part(index, &content).with_context(|| format!("{}", path.display()))?;
    }
    let network = loader.finish().with_context(|| format!("{}", folder.display()))?;
    Ok(Opened { network, folder: folder.to_path_buf(), text })
}

#[cfg(test)]
mod tests {
    use lookalike::network::PART_BYTES;

    use super::*;

    /// The budget of the default network: what a shopper's browser loads with the first photo.
    const MOST_BYTES: usize = 3_000_000;

    #[test]
    fn a_folder_called_as_the_default_network_does_not_stand_in_for_it() -> anyhow::Result<()> {
        assert!(Path::new(DEFAULT).is_dir(), "tests run where the default network's files are");
        let cache = std::env::temp_dir().join(format!("lookalike-networks-{}", std::process::id()));
        let opened = |model: &str| open(model, None, &NetworkOptions::default(), &cache);
        assert_eq!(opened(DEFAULT)?.folder, cache);
        assert_eq!(opened(&format!("./{DEFAULT}"))?.folder, Path::new("./slim"));
        fs::remove_dir_all(&cache)?;
        Ok(())
    }

    #[test]
    fn the_default_network_is_trained_declares_its_components_and_keeps_its_budget() -> anyhow::Result<()> {
        let [(_, text), (_, weights)] = DEFAULT_FILES;
        let description = Description::read(text)?;
        assert_eq!((&description.name[..], description.trained), (DEFAULT, true));
        let components = description.components.iter();
        let names: Vec<&str> = components.clone().map(|component| &component.name[..]).collect();
        assert_eq!(names, ["appearance", "semantics", "print", "kind"]);
        assert_eq!(components.map(|component| component.dims).sum::<usize>(), description.dims);
        assert!(weights.len() <= PART_BYTES && text.len() + weights.len() <= MOST_BYTES);
        Ok(())
    }
}
