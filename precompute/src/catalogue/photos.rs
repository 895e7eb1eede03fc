//! The photos of a folder, one a product, in item order.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use walkdir::WalkDir;

/// Endings of the formats that are read; files with other endings are passed over in silence, as shops keep much else
/// beside their photos.
const ENDINGS: [&str; 8] = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"];

/// The longest id that the neighbours file can hold.
const LONGEST_ID: usize = u16::MAX as usize;

/// A product and its photo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The photo's file name without the ending.
    pub id: String,
    /// The photo, below the folder of photos.
    pub path: PathBuf,
}

/// Every photo below `folder`, sorted by id in byte order, links followed.
///
/// # Errors
/// When the folder cannot be read or has no photo, a name is not Unicode, or two photos have one id.
pub fn find_products(folder: &Path) -> anyhow::Result<Vec<Product>> {
    let mut products = BTreeMap::new();
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
        let entry = entry.with_context(|| format!("reading the photos of {}", folder.display()))?;
        if !entry.file_type().is_file() || !is_photo(entry.path()) {
            continue;
        }
        let path = entry.path();
        let Some(id) = path.file_stem().and_then(|stem| stem.to_str()) else {
            bail!(
                "{}: the file name is not Unicode, and it is to be the product's id; rename it",
                path.display()
            );
        };
        if id.len() > LONGEST_ID {
            bail!("{}: the id is longer than {LONGEST_ID} bytes; rename it", path.display());
        }
        let path = path.strip_prefix(folder).unwrap_or(path).to_path_buf();
        match products.entry(id.to_owned()) {
            Entry::Vacant(place) => {
                place.insert(path);
            }
            Entry::Occupied(other) => bail!(
                "two photos are of product {id}: {} and {}; rename or remove one",
                folder.join(other.get()).display(),
                folder.join(path).display()
            ),
        }
    }
    if products.is_empty() {
        bail!("no photo below {}; files ending in {} are read", folder.display(), ENDINGS.join(", "));
    }
    Ok(products.into_iter().map(|(id, path)| Product { id, path }).collect())
}

fn is_photo(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    !hidden && ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}
