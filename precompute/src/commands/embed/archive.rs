//! The photos of a `.tar`, as webdataset and img2dataset write them (github.com/webdataset/webdataset): read from the first byte to
//! the last, whatever else lies between them passed over.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, ensure};
use tar::Archive;

use super::photos::{Content, Filler, Photo};
use super::tail::Tail;
use crate::args::EmbedArguments;
use crate::catalogue::{ENDINGS, normal};
use crate::indexing::read_photo::{MOST_BYTES, Unreadable};

/// Bytes of a block of the archive. The last is of zeros.
const BLOCK: usize = 512;

/// Hands on the wanted photos of the archive at `path`, in its order. A product's id is the name of its photo without the ending.
///
/// # Errors
/// If the archive cannot be read or is cut short; and that of whoever takes the photos.
pub fn read(path: &Path, arguments: &EmbedArguments, filler: &mut Filler) -> anyhow::Result<()> {
    let mut tail = Tail::new(BufReader::with_capacity(1 << 20, File::open(path)?), BLOCK);
    let mut archive = Archive::new(&mut tail);
    let mut after = "the beginning".to_owned();
    for entry in archive.entries()? {
        let entry = entry.with_context(|| format!("the archive is damaged after {after}"))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if let Some((id, unicode)) = id(&name, &entry.path_bytes())
            && entry.header().entry_type().is_file()
            && arguments.wants(&id)
        {
            let size = entry.size();
            let content = if !unicode {
                Content::Refused("the file name is not Unicode, and it is to be the product's id".to_owned())
            } else if size > MOST_BYTES {
                Content::Refused(Unreadable::TooLarge(size).to_string())
            } else {
                let mut bytes = Vec::new();
                entry.take(size).read_to_end(&mut bytes).with_context(|| name.clone())?;
                ensure!(bytes.len() as u64 == size, "the archive is cut short within {name}");
                Content::Bytes(bytes)
            };
            filler.add(Photo { id, file: Some(name.clone()), content })?;
        }
        after = name;
    }
    ensure!(
        tail.last() == [0; BLOCK],
        "the archive is cut short after {after}: the blocks that end it are missing"
    );
    filler.flush()
}

/// The id of the photo with that name, and whether the name is Unicode; `None` if it is no photo.
fn id(name: &str, bytes: &[u8]) -> Option<(String, bool)> {
    let path = Path::new(name);
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    let hidden = path.file_name()?.as_encoded_bytes().starts_with(b".");
    let id = normal(path.file_stem()?.to_str()?);
    let is_photo = ENDINGS.contains(&ending.as_str()) && !hidden && !id.is_empty();
    is_photo.then(|| (id, std::str::from_utf8(bytes).is_ok()))
}
