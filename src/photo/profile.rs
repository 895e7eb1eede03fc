//! Colour profiles: the colours of a photo, stored in a space of its own (Adobe RGB, Display P3, ProPhoto), as sRGB.
//!
//! The same scalar code runs natively and in wasm (crate `moxcms` without its SIMD paths), so that both give the same bytes.

use image::{ColorType, DynamicImage};
use moxcms::{ColorProfile, DataColorSpace, Layout, Transform8BitExecutor, TransformOptions};

/// Levels of each channel in the grid of colours that tells whether a profile changes anything.
const GRID: [u8; 6] = [0, 51, 102, 153, 204, 255];
/// A profile that moves no colour of the grid by more levels than this is sRGB.
const SAME: u8 = 1;
/// Pixels that are converted at once: the second copy of a photo is of a few rows.
const PIXELS_AT_ONCE: usize = 1 << 14;

/// `image` at 8 bits a channel with the colours of `profile`, an ICC profile (ICC.1:2022), as sRGB.
///
/// A profile that cannot be read, or that is of other channels than the picture's, is ignored: the colours are taken for
/// sRGB, as browsers do. So is one of CMYK, since the decoder has made RGB of the picture already.
pub(super) fn to_srgb(image: DynamicImage, profile: Option<&[u8]>) -> DynamicImage {
    let Some(profile) = profile.and_then(|bytes| ColorProfile::new_from_slice(bytes).ok()) else {
        return image;
    };
    let has_alpha = image.color().has_alpha();
    let is_grey = matches!(image.color(), ColorType::L8 | ColorType::L16 | ColorType::La8 | ColorType::La16);
    match (profile.color_space, is_grey) {
        (DataColorSpace::Gray, true) => {
            let Some(transform) = transform(&profile, Layout::Gray, Layout::Rgb) else { return image };
            grey_to_srgb(image, has_alpha, &*transform)
        }
        // Browsers and editors show a grey picture with an RGB profile by that profile.
        (DataColorSpace::Rgb, _) => {
            let layout = if has_alpha { Layout::Rgba } else { Layout::Rgb };
            let Some(transform) = transform(&profile, layout, layout) else { return image };
            if is_srgb(&*transform, layout) {
                return image;
            }
            if has_alpha {
                let mut rgba = image.into_rgba8();
                convert::<4>(&mut rgba, &*transform);
                rgba.into()
            } else {
                let mut rgb = image.into_rgb8();
                convert::<3>(&mut rgb, &*transform);
                rgb.into()
            }
        }
        _ => image,
    }
}

fn transform(
    profile: &ColorProfile,
    from: Layout,
    to: Layout,
) -> Option<std::sync::Arc<Transform8BitExecutor>> {
    profile.create_transform_8bit(from, &ColorProfile::new_srgb(), to, TransformOptions::default()).ok()
}

/// Whether a transform leaves colours as they are.
fn is_srgb(transform: &Transform8BitExecutor, layout: Layout) -> bool {
    let mut colours = Vec::new();
    for red in GRID {
        for green in GRID {
            for blue in GRID {
                colours.extend([red, green, blue]);
                colours.extend((layout == Layout::Rgba).then_some(255));
            }
        }
    }
    let mut converted = vec![0; colours.len()];
    transform.transform(&colours, &mut converted).is_ok()
        && colours.iter().zip(&converted).all(|(from, to)| from.abs_diff(*to) <= SAME)
}

/// Converts the pixels of `CHANNELS` bytes in `bytes`; what cannot be converted stays.
fn convert<const CHANNELS: usize>(bytes: &mut [u8], transform: &Transform8BitExecutor) {
    let mut before = Vec::new();
    for pixels in bytes.chunks_mut(PIXELS_AT_ONCE * CHANNELS) {
        before.clear();
        before.extend_from_slice(pixels);
        if transform.transform(&before, pixels).is_err() {
            pixels.copy_from_slice(&before);
        }
    }
}

/// A grey picture, with or without alpha: each level is converted once.
fn grey_to_srgb(image: DynamicImage, has_alpha: bool, transform: &Transform8BitExecutor) -> DynamicImage {
    let levels: Vec<u8> = (0..=255).collect();
    let mut colours = vec![0; 3 * levels.len()];
    if transform.transform(&levels, &mut colours).is_err() {
        return image;
    }
    let level = |grey: u8| colours[3 * usize::from(grey) + 1];
    if has_alpha {
        let mut pixels = image.into_luma_alpha8();
        pixels.pixels_mut().for_each(|pixel| pixel.0[0] = level(pixel.0[0]));
        pixels.into()
    } else {
        let mut pixels = image.into_luma8();
        pixels.pixels_mut().for_each(|pixel| pixel.0[0] = level(pixel.0[0]));
        pixels.into()
    }
}
