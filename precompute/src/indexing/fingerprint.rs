//! The fingerprint of a folder: what it was made of and what is in it, so that a build that would make the same folder again
//! is done at once.

use std::fs;
use std::path::Path;

use anyhow::Context;
use lookalike::digest::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Made;
use super::embed::Item;
use crate::args::BuildArguments;
use crate::catalogue::ProductFields;

const FILE: &str = "fingerprint.json";

/// That of the folder that the last build published.
#[derive(Serialize, Deserialize)]
pub struct Fingerprint {
    /// Digest of everything the folder was made of.
    inputs_digest: String,
    /// Digest of the names and sizes of its files, and of its manifest.
    files_digest: String,
    /// What the report says of it.
    #[serde(flatten)]
    pub made: Made,
}

/// The digest of everything a folder is made of: this program, the network, the options, the products.
///
/// # Errors
/// When this program's own file cannot be read.
pub fn inputs_digest(
    arguments: &BuildArguments,
    network: Digest,
    items: &[Item],
    fields: &[ProductFields],
) -> anyhow::Result<Digest> {
    let program = std::env::current_exe().and_then(fs::read).context("reading this program's own file")?;
    let mut hasher = Sha256::new();
    hasher.update(Sha256::digest(program));
    hasher.update(network.0);
    let options = (
        arguments.neighbours,
        arguments.adapt,
        arguments.colour,
        &arguments.group,
        arguments.fold_duplicates,
        arguments.code_bytes,
        arguments.partitions,
        (arguments.no_thumbnails, arguments.max_files),
        &arguments.images,
        &arguments.fragments,
        &arguments.publish,
    );
    hasher.update(serde_json::to_vec(&options)?);
    for (item, fields) in items.iter().zip(fields) {
        hasher.update(item.photo.0);
        hasher.update(serde_json::to_vec(&(&item.id, &item.path, fields))?);
    }
    Ok(Digest(hasher.finalize().into()))
}

impl Fingerprint {
    /// The fingerprint in `cache_folder`, if the folder `out` is made of the same and is as it was left.
    pub fn of_same(inputs_digest: Digest, out: &Path, cache_folder: &Path) -> Option<Fingerprint> {
        let found: Fingerprint = serde_json::from_slice(&fs::read(cache_folder.join(FILE)).ok()?).ok()?;
        let same =
            found.inputs_digest == inputs_digest.hex() && found.files_digest == files_digest(out).ok()?.hex();
        same.then_some(found)
    }

    /// Notes what `out` was made of.
    ///
    /// # Errors
    /// If `out` cannot be read or the note not be written.
    pub fn write(inputs_digest: Digest, made: &Made, out: &Path, cache_folder: &Path) -> anyhow::Result<()> {
        let fingerprint = Fingerprint {
            inputs_digest: inputs_digest.hex(),
            files_digest: files_digest(out)?.hex(),
            made: made.clone(),
        };
        let path = cache_folder.join(FILE);
        let text = serde_json::to_vec(&fingerprint)?;
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    }
}

/// Sizes, not contents: names carry the digests of most contents, and `verify` is there for the rest.
fn files_digest(out: &Path) -> anyhow::Result<Digest> {
    let mut hasher = Sha256::new();
    hasher.update(fs::read(out.join("manifest.json"))?);
    for entry in walkdir::WalkDir::new(out).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_file() {
            let path = entry.path().strip_prefix(out)?.to_string_lossy().into_owned();
            hasher.update(serde_json::to_vec(&(path, entry.metadata()?.len()))?);
        }
    }
    Ok(Digest(hasher.finalize().into()))
}
