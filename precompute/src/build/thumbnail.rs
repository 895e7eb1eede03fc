//! Small copies of the photos, which is what a strip of cards needs: 10 KB instead of some megabytes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use lookalike::digest::Digest;
use lookalike::photo::{Photo, resize};

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

/// The thumbnail's place in a folder of thumbnails, from the content of the photo's file.
pub fn path(photo: &Digest) -> PathBuf {
    let name = photo.short();
    PathBuf::from(&name[..2]).join(format!("{name}.jpg"))
}

/// Writes the thumbnail of `photo` to `file`, whose folder is made; the file appears whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write(photo: &Photo, file: &Path) -> anyhow::Result<()> {
    let (width, height) = size(photo.width(), photo.height());
    let small = resize(photo, width, height);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .write_image(small.rgb(), width, height, ExtendedColorType::Rgb8)
        .context("encoding the thumbnail")?;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let unfinished = file.with_extension(format!("{:?}.tmp", std::thread::current().id()));
    fs::write(&unfinished, &jpeg)?;
    fs::rename(&unfinished, file).with_context(|| format!("writing {}", file.display()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn sides_keep_their_ratio_and_at_least_a_pixel() {
        assert_eq!(super::size(640, 480), (320, 240));
        assert_eq!(super::size(200, 100), (200, 100));
        assert_eq!(super::size(1, 100_000), (1, 320));
    }
}
