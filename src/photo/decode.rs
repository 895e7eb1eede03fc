//! Bytes of a picture to upright sRGB: format by content, limits before allocation, colour profile, EXIF orientation, alpha
//! over white.

use std::io::Cursor;

use image::error::{ImageError, LimitErrorKind};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::profile::to_srgb;
use super::{Photo, jpeg};

/// What a photo may cost. Checked against the header, before pixels are allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest number of pixels, in millions.
    pub megapixels: u32,
}

impl Default for Limits {
    /// 100 million pixels: over every phone's usual picture (12 to 50), 300 MB once decoded.
    fn default() -> Self {
        Limits { megapixels: 100 }
    }
}

/// Why a photo gives no picture. The photo's name is added by the caller, who knows it.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// Not a picture in a format we read; `found` is what the first bytes look like.
    #[error("not a picture we can read (it looks like {found}); JPEG, PNG, WebP, GIF, BMP and TIFF are read")]
    UnknownFormat {
        /// What the first bytes look like.
        found: &'static str,
    },
    /// The header promises more pixels than the limit; nothing was allocated.
    #[error("{width}x{height} pixels is over the limit of {megapixels} million; make the picture smaller")]
    TooLarge {
        /// Pixels across, as the header says.
        width: u32,
        /// Pixels down, as the header says.
        height: u32,
        /// The limit, in millions of pixels.
        megapixels: u32,
    },
    /// A part that is no part of a photo: its left and top edge, its width and its height.
    #[error(
        "{0:?} is no part of a photo: x, y, width and height are fractions from 0 to 1 and stay within it"
    )]
    Crop([f64; 4]),
    /// A picture in a variant of its format that the decoder does not know.
    #[error("{0}; save it as an ordinary JPEG or PNG")]
    Unsupported(String),
    /// The file contradicts itself or ends early.
    #[error("damaged: {0}")]
    Damaged(String),
}

impl PhotoError {
    /// A stable name of the kind of failure, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            PhotoError::Empty => "photo/empty",
            PhotoError::UnknownFormat { .. } => "photo/unknown-format",
            PhotoError::TooLarge { .. } => "photo/too-large",
            PhotoError::Crop(_) => "photo/crop",
            PhotoError::Unsupported(_) => "photo/unsupported",
            PhotoError::Damaged(_) => "photo/damaged",
        }
    }
}

/// Decodes a JPEG, PNG, WebP, GIF, BMP or TIFF (of several frames the first), applies its colour profile, turns it upright
/// by its EXIF orientation, lays transparency over white and rounds to 8 bits a channel.
///
/// # Errors
/// [`PhotoError`] says what is wrong with the bytes. A truncated JPEG whose beginning is sound gives what there is of
/// it.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Photo, PhotoError> {
    if bytes.is_empty() {
        return Err(PhotoError::Empty);
    }
    let reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| PhotoError::Damaged(error.to_string()))?;
    let known = matches!(
        reader.format(),
        Some(
            ImageFormat::Jpeg
                | ImageFormat::Png
                | ImageFormat::WebP
                | ImageFormat::Gif
                | ImageFormat::Bmp
                | ImageFormat::Tiff
        )
    );
    if !known {
        return Err(PhotoError::UnknownFormat { found: looks_like(bytes) });
    }
    if let Some(reason) = jpeg::refused(bytes) {
        return Err(PhotoError::Unsupported(reason));
    }
    let mut decoder = reader.into_decoder().map_err(from_image)?;
    let (width, height) = decoder.dimensions();
    let pixels = limits.check(width, height)?;
    let mut allocation = image::Limits::default();
    // 16 bytes a pixel is the largest a decoder puts out (32-bit float RGBA); the rest is for its own tables.
    allocation.max_alloc = Some(pixels.saturating_mul(16).saturating_add(64 << 20));
    decoder.set_limits(allocation).map_err(from_image)?;
    // Broken metadata around a sound picture is no reason to refuse the picture.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let mut image = to_srgb(DynamicImage::from_decoder(decoder).map_err(from_image)?, profile.as_deref());
    image.apply_orientation(orientation);
    let flat = flatten(image);
    let (width, height) = flat.dimensions();
    Photo::new(width, height, flat.into_raw()).ok_or_else(no_pixels)
}

/// A photo whose pixels somebody else decodes: taken in a few rows at a time, so that they are nowhere whole as RGBA.
pub struct Rows {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
    /// More came than there is room for.
    over: bool,
}

impl Rows {
    /// Of a photo of this size.
    ///
    /// # Errors
    /// [`PhotoError::TooLarge`], or [`PhotoError::Damaged`] where a side is 0.
    pub fn new(width: u32, height: u32, limits: &Limits) -> Result<Rows, PhotoError> {
        let pixels = limits.check(width, height)?;
        let mut rgb = Vec::new();
        // Limits are far below 2^32 bytes.
        rgb.reserve_exact(pixels as usize * 3);
        Ok(Rows { width, height, rgb, over: false })
    }

    /// Takes in the next rows, `[rows, width, 4]`, upright 8-bit RGBA, alpha not multiplied in: they are laid over white.
    pub fn add(&mut self, rgba: &[u8]) {
        let all = self.width as usize * self.height as usize * 3;
        let some = &rgba[..rgba.len().min((all - self.rgb.len()) / 3 * 4)];
        self.over |= some.len() < rgba.len();
        lay_over_white(some, &mut self.rgb);
    }

    /// The photo.
    ///
    /// # Errors
    /// [`PhotoError::Damaged`] where pixels are missing or too many came.
    pub fn finish(self) -> Result<Photo, PhotoError> {
        let photo = Photo::new(self.width, self.height, self.rgb).filter(|_| !self.over);
        photo.ok_or_else(|| PhotoError::Damaged("its pixels are not as many as its size says".to_owned()))
    }
}

impl Limits {
    /// The number of pixels, if it is allowed.
    fn check(&self, width: u32, height: u32) -> Result<u64, PhotoError> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels > u64::from(self.megapixels) * 1_000_000 {
            return Err(PhotoError::TooLarge { width, height, megapixels: self.megapixels });
        }
        if pixels == 0 { Err(no_pixels()) } else { Ok(pixels) }
    }
}

fn no_pixels() -> PhotoError {
    PhotoError::Damaged("the picture has no pixels".to_owned())
}

/// 8-bit RGB, transparency over white.
fn flatten(image: DynamicImage) -> image::RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let rgba = image.into_rgba8();
    let (width, height) = rgba.dimensions();
    let mut rgb = Vec::new();
    rgb.reserve_exact(rgba.len() / 4 * 3);
    lay_over_white(&rgba, &mut rgb);
    image::RgbImage::from_raw(width, height, rgb).expect("three of each four bytes were kept")
}

/// Adds the RGB of RGBA: each value at the opacity of its pixel over 255, rounded.
fn lay_over_white(rgba: &[u8], rgb: &mut Vec<u8>) {
    for [red, green, blue, alpha] in rgba.as_chunks::<4>().0 {
        let alpha = u32::from(*alpha);
        let over = |value: &u8| ((u32::from(*value) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        rgb.extend([red, green, blue].map(over));
    }
}

fn from_image(error: ImageError) -> PhotoError {
    match error {
        ImageError::Unsupported(error) => PhotoError::Unsupported(error.to_string()),
        ImageError::Limits(error) => match error.kind() {
            LimitErrorKind::DimensionError | LimitErrorKind::InsufficientMemory => {
                PhotoError::Unsupported("decoding takes more memory than its size allows".to_owned())
            }
            _ => PhotoError::Unsupported(error.to_string()),
        },
        error => PhotoError::Damaged(error.to_string()),
    }
}

/// A word for what the first bytes are, for the reader of an error.
fn looks_like(bytes: &[u8]) -> &'static str {
    let brand = bytes.get(4..12).unwrap_or_default();
    let is_text = bytes.iter().take(64).all(|byte| matches!(byte, 9 | 10 | 13 | 32..=126 | 128..));
    match bytes {
        _ if matches!(brand, b"ftypheic" | b"ftypheix" | b"ftypmif1" | b"ftypmsf1") => "HEIC",
        _ if matches!(brand, b"ftypavif" | b"ftypavis") => "AVIF",
        _ if brand.starts_with(b"ftyp") => "a video",
        [b'8', b'B', b'P', b'S', ..] => "a Photoshop document",
        [b'%', b'P', b'D', b'F', ..] => "a PDF",
        [0, 0, 1, 0, ..] => "an icon",
        [0, 0, 0, 12, b'j', b'P', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => "JPEG 2000",
        [0xff, 0x0a, ..] => "JPEG XL",
        [b'P', b'K', 3, 4, ..] => "a ZIP archive",
        _ if is_text && contains(bytes, b"<svg") => "SVG",
        _ if is_text && contains(bytes, b"<") && contains(bytes, b"html") => "a web page",
        _ if is_text => "text",
        _ => "unknown data",
    }
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.iter().take(1024).copied().collect::<Vec<_>>().windows(word.len()).any(|at| at == word)
}

#[cfg(test)]
mod tests {
    use image::codecs::png::PngEncoder;
    use image::{ExtendedColorType, ImageEncoder};

    use super::*;

    fn png(width: u32, height: u32, colour: ExtendedColorType, pixels: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes)
            .write_image(pixels, width, height, colour)
            .expect("a PNG can be written to memory");
        bytes
    }

    #[test]
    fn transparency_is_laid_over_white() {
        let pixels = [255, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 128];
        let photo = decode(&png(3, 1, ExtendedColorType::Rgba8, &pixels), &Limits::default()).expect("a PNG");
        assert_eq!(photo.rgb(), [255, 0, 0, 255, 255, 255, 127, 127, 127]);
        let mut rows = Rows::new(1, 3, &Limits::default()).expect("three pixels");
        pixels.chunks(8).for_each(|some| rows.add(some));
        assert_eq!(rows.finish().expect("all came").rgb(), photo.rgb());
    }

    #[test]
    fn sixteen_bits_are_rounded_to_eight() {
        let pixels: Vec<u8> = [0u16, 65535, 32896].iter().flat_map(|value| value.to_ne_bytes()).collect();
        let photo = decode(&png(1, 1, ExtendedColorType::Rgb16, &pixels), &Limits::default()).expect("a PNG");
        assert_eq!(photo.rgb(), [0, 255, 128]);
    }

    #[test]
    fn a_header_over_the_limit_is_refused_before_its_pixels() {
        let bytes = png(1200, 1000, ExtendedColorType::L8, &vec![7; 1_200_000]);
        let error = decode(&bytes, &Limits { megapixels: 1 }).expect_err("over a megapixel");
        assert_eq!(error.code(), "photo/too-large");
        assert!(error.to_string().contains("1200x1000"), "{error}");
    }

    #[test]
    fn pixels_from_elsewhere_have_the_same_limits() {
        let error = |width, height, megapixels| {
            let rows = Rows::new(width, height, &Limits { megapixels }).and_then(|mut rows| {
                rows.add(&[7; 8]);
                rows.finish()
            });
            rows.map_err(|error| error.code())
        };
        assert_eq!(error(1200, 1000, 1), Err("photo/too-large"));
        assert_eq!(error(u32::MAX, u32::MAX, 100), Err("photo/too-large"));
        assert_eq!(error(0, 1, 1), Err("photo/damaged"));
        assert_eq!(error(3, 1, 1), Err("photo/damaged"), "a pixel is missing");
        assert_eq!(error(1, 1, 1), Err("photo/damaged"), "there is one too many");
        assert_eq!(error(2, 1, 1).map(|photo| photo.width()), Ok(2));
    }

    #[test]
    fn what_is_not_a_picture_is_named() {
        for (bytes, word) in [
            (&b"<html><body>not found</body></html>"[..], "a web page"),
            (b"\0\0\0\x18ftypheic....", "HEIC"),
            (b"%PDF-1.7 ...", "a PDF"),
            (b"hello, world", "text"),
            (&[1, 2, 3, 4, 5, 6], "unknown data"),
        ] {
            let error = decode(bytes, &Limits::default()).expect_err("no picture");
            assert!(error.to_string().contains(word), "{error}");
        }
        assert_eq!(decode(b"", &Limits::default()).expect_err("empty").code(), "photo/empty");
    }
}
