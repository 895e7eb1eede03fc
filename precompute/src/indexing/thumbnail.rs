//! Small copies of the photos, which is what a strip of cards needs: 10 KB instead of some megabytes.
//!
//! A thumbnail is named by its own content, so that its name never stands for other bytes. Which thumbnail a photo has
//! is kept in the cache, in a [`RecordLog`] of pairs of digests: of the photo's file and of the thumbnail.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use lookalike::digest::Digest;
use lookalike::photo::{Photo, resize};
use walkdir::WalkDir;

use super::cache::PIPELINE;
use super::record_log::{Access, RecordLog};
use crate::fault;

/// Longer side in pixels: a card is some 160 CSS pixels wide, on screens of two pixels to one.
const LONGER_SIDE: u32 = 320;
const QUALITY: u8 = 80;

/// The size of the thumbnail of an upright photo of `width` x `height`; photos are never enlarged.
pub fn size(width: u32, height: u32) -> (u32, u32) {
    let longer = width.max(height);
    if longer <= LONGER_SIDE {
        return (width, height);
    }
    let scaled = |side: u32| {
        let rounded = (u64::from(side) * u64::from(LONGER_SIDE) + u64::from(longer) / 2) / u64::from(longer);
        (rounded as u32).max(1)
    };
    (scaled(width), scaled(height))
}

/// The place of a thumbnail with that content in a folder of thumbnails.
pub fn path(thumbnail: &Digest) -> PathBuf {
    let name = thumbnail.short();
    PathBuf::from(&name[..2]).join(format!("{name}.jpg"))
}

/// The thumbnail of `photo`, a JPEG.
fn encode(photo: &Photo) -> anyhow::Result<Vec<u8>> {
    let (width, height) = size(photo.width(), photo.height());
    let small = resize(photo, width, height);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .write_image(small.rgb(), width, height, ExtendedColorType::Rgb8)
        .context("encoding the thumbnail")?;
    Ok(jpeg)
}

/// Writes the thumbnail of `photo` into the folder of thumbnails `folder`, where it appears whole or not at all; gives the
/// digest of its content.
///
/// # Errors
/// If it cannot be written.
pub fn write(photo: &Photo, folder: &Path) -> anyhow::Result<Digest> {
    let jpeg = encode(photo)?;
    let digest = Digest::of(&jpeg);
    let file = folder.join(path(&digest));
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
    }
    let unfinished = file.with_extension(format!("{:?}.tmp", std::thread::current().id()));
    fault::point("cache/thumbnail")
        .and_then(|()| fs::write(&unfinished, &jpeg))
        .and_then(|()| fs::rename(&unfinished, &file))
        .with_context(|| format!("writing {}", file.display()))?;
    Ok(digest)
}

/// Whether the folder of thumbnails `folder` has the one with that content, undamaged.
pub fn is_there(thumbnail: &Digest, folder: &Path) -> bool {
    fs::read(folder.join(path(thumbnail))).is_ok_and(|bytes| Digest::of(&bytes) == *thumbnail)
}

/// The thumbnails in the cache.
pub struct Thumbnails {
    /// Where they are.
    pub folder: PathBuf,
    log: RecordLog,
    /// By photo.
    known: HashMap<Digest, Digest>,
}

impl Thumbnails {
    /// Opens those in the cache `cache`, or makes a place for them.
    ///
    /// # Errors
    /// If the file that lists them cannot be read or written.
    pub fn open(cache: &Path) -> anyhow::Result<Thumbnails> {
        let mut header = b"LKTN".to_vec();
        header.extend(PIPELINE.to_le_bytes());
        let mut known = HashMap::new();
        let path = cache.join(format!("thumbnails-{PIPELINE}.bin"));
        let log = RecordLog::open(&path, header, 64, Access::Write, |_, content| {
            let Some((photo, thumbnail)) = content.split_first_chunk::<32>() else { return false };
            let Some(thumbnail) = thumbnail.first_chunk::<32>() else { return false };
            known.insert(Digest(*photo), Digest(*thumbnail));
            true
        })?;
        Ok(Thumbnails { folder: cache.join("thumbnails"), log, known })
    }

    /// The thumbnail of each photo that is known now, for threads that look while new ones are added.
    pub fn snapshot(&self) -> HashMap<Digest, Digest> {
        self.known.clone()
    }

    /// Notes that `thumbnail` is of `photo`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn insert(&mut self, photo: Digest, thumbnail: Digest) -> anyhow::Result<()> {
        if self.known.get(&photo) != Some(&thumbnail) {
            self.log.add(&[photo.0, thumbnail.0].concat())?;
            self.known.insert(photo, thumbnail);
        }
        Ok(())
    }

    /// Removes files of the folder that are no thumbnail of any photo known: what killed runs and other versions left.
    pub fn remove_strays(&self) {
        let own: HashSet<PathBuf> =
            self.known.values().map(|digest| self.folder.join(path(digest))).collect();
        for entry in WalkDir::new(&self.folder).into_iter().flatten() {
            if entry.file_type().is_file() && !own.contains(entry.path()) {
                // That it stays is no harm.
                fs::remove_file(entry.path()).ok();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lookalike::colour::Colours;
    use lookalike::photo::{Limits, decode};

    use super::*;

    #[test]
    fn sides_keep_their_ratio_and_at_least_a_pixel() {
        assert_eq!(size(640, 480), (320, 240));
        assert_eq!(size(200, 100), (200, 100));
        assert_eq!(size(1, 100_000), (1, 320));
    }

    /// A JPEG of 900x700 pixels with edges and a gradient.
    fn jpeg() -> anyhow::Result<Vec<u8>> {
        let mut rgb = Vec::new();
        for y in 0..700u32 {
            for x in 0..900u32 {
                let stripe = (x / 50 + y / 70) % 2;
                rgb.extend([(x * 255 / 900) as u8, (y * 255 / 700) as u8, (stripe * 200) as u8]);
            }
        }
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, 90).write_image(&rgb, 900, 700, ExtendedColorType::Rgb8)?;
        Ok(jpeg)
    }

    /// All of it is in whole numbers, so the digest is the same on every machine.
    #[test]
    fn the_pipeline_gives_what_its_version_stands_for() -> anyhow::Result<()> {
        const VERSION_AND_DIGEST: (u32, &str) = (2, "f2911c032780bcbe");
        let photo = decode(&jpeg()?, &Limits::default())?;
        let with_profile = include_bytes!("../../../tests/profiles/adobe-rgb.jpg");
        let parts = [
            Digest::of(photo.rgb()),
            Digest::of(decode(with_profile, &Limits::default())?.rgb()),
            Digest::of(resize(&photo, 224, 224).rgb()),
            Digest::of(Colours::of(&photo).as_bytes()),
            Digest::of(&encode(&photo)?),
        ];
        let found = (PIPELINE, Digest::of_set(parts).short());
        assert_eq!(
            (found.0, found.1.as_str()),
            VERSION_AND_DIGEST,
            "photos give other numbers than before ({parts:?}): raise PIPELINE, so that caches are made anew"
        );
        Ok(())
    }
}
