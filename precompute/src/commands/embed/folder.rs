//! The photos of a folder, found as `build` finds them.

use std::collections::HashSet;
use std::path::Path;

use super::photos::{Content, Filler, Photo};
use crate::args::EmbedArguments;
use crate::catalogue::{Exclude, PhotoNames, find_photos};

/// Hands on the wanted photos of `folder`, sorted by id and number; then those that have no usable name.
///
/// # Errors
/// If the folder cannot be read or has no photo; and that of whoever takes the photos.
pub fn read(folder: &Path, arguments: &EmbedArguments, filler: &mut Filler) -> anyhow::Result<()> {
    let own: Vec<&Path> = arguments.cache.as_deref().into_iter().collect();
    let exclude = Exclude::new(&arguments.exclude, &own)?;
    let names = match &arguments.photo_names {
        Some(pattern) => PhotoNames::Pattern(pattern.clone()),
        None => PhotoNames::Found { known: HashSet::new() },
    };
    let found = find_photos(folder, &exclude, &names, arguments.photos_per_product.into())?;
    for note in &found.notes {
        eprintln!("note: {note}");
    }
    for product in found.photos {
        if arguments.wants(&product.id) {
            let file = product.path.to_str().map(str::to_owned);
            let content = match file {
                Some(_) => Content::File(folder.to_path_buf()),
                None => {
                    Content::Refused("the name of a folder it is in is not Unicode; rename it".to_owned())
                }
            };
            filler.add(Photo { id: product.id, file, content })?;
        }
    }
    for photo in found.skipped {
        if arguments.wants(&photo.file) {
            let (id, file) = (photo.file.clone(), Some(photo.file));
            filler.add(Photo { id, file, content: Content::Refused(photo.reason) })?;
        }
    }
    filler.flush()
}
