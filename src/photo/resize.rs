//! Bilinear resize: the triangle filter over half-pixel centres, widened by the scale when shrinking so that every
//! source pixel counts (Turkowski, "Filters for common resampling tasks", 1990).
//!
//! When enlarging this is OpenCV's `INTER_LINEAR`; when shrinking it is Pillow's `BILINEAR`, where OpenCV would skip
//! pixels and alias fine prints.

use fast_image_resize::images::{TypedCroppedImage, TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

use super::{Photo, Region};

/// A photo or a part of one squashed to `width` x `height` pixels, both at least 1; the sides are scaled independently.
///
/// Weights are fixed-point integers in every build of the resizer, which makes the result the same on every machine.
///
/// # Panics
/// If `width` or `height` is 0.
pub fn resize<'a>(of: impl Into<Region<'a>>, width: u32, height: u32) -> Photo {
    assert!(width > 0 && height > 0, "a photo has at least one pixel");
    let region: Region = of.into();
    if (width, height) == (region.width(), region.height()) {
        return region.to_photo();
    }
    // A view of the part, not the resizer's own crop box, whose filter would take in pixels from beyond its edges.
    let (photo, (left, top)) = (region.photo(), region.corner());
    let source = TypedImageRef::<U8x3>::from_buffer(photo.width, photo.height, &photo.rgb)
        .expect("Photo::new holds width * height * 3 bytes");
    let source = TypedCroppedImage::from_ref(&source, left, top, region.width(), region.height())
        .expect("a region lies within its photo");
    let mut target = TypedImage::<U8x3>::new(width, height);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    Resizer::new()
        .resize_typed(&source, &mut target, &options)
        .expect("without a crop box there is nothing to refuse");
    let rgb = target.pixels().iter().flat_map(|pixel| pixel.0).collect();
    Photo { width, height, rgb }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition: a triangle of half-width max(1, scale) around each target pixel's centre, in f64.
    fn naive_axis(source: &[f64], target: usize) -> Vec<f64> {
        let scale = source.len() as f64 / target as f64;
        let support = scale.max(1.0);
        (0..target)
            .map(|i| {
                let centre = (i as f64 + 0.5) * scale;
                let (mut sum, mut weights) = (0.0, 0.0);
                for (j, value) in source.iter().enumerate() {
                    let weight = 1.0 - ((j as f64 + 0.5 - centre) / support).abs();
                    if weight > 0.0 {
                        sum += weight * value;
                        weights += weight;
                    }
                }
                sum / weights
            })
            .collect()
    }

    fn naive(photo: &Photo, width: u32, height: u32) -> Vec<f64> {
        let (w, h) = (photo.width as usize, photo.height as usize);
        let (tw, th) = (width as usize, height as usize);
        let mut out = vec![0.0; tw * th * 3];
        for channel in 0..3 {
            let rows: Vec<Vec<f64>> = (0..h)
                .map(|y| {
                    let row: Vec<f64> =
                        (0..w).map(|x| f64::from(photo.rgb[(y * w + x) * 3 + channel])).collect();
                    naive_axis(&row, tw)
                })
                .collect();
            for x in 0..tw {
                let column: Vec<f64> = rows.iter().map(|row| row[x]).collect();
                for (y, value) in naive_axis(&column, th).into_iter().enumerate() {
                    out[(y * tw + x) * 3 + channel] = value;
                }
            }
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn agrees_with_the_definition_to_a_level(
            (w, h, tw, th, seed) in (1u32..40, 1u32..40, 1u32..40, 1u32..40, any::<u64>())
        ) {
            let mut state = seed;
            let rgb: Vec<u8> = (0..w * h * 3)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state >> 56) as u8
                })
                .collect();
            let photo = Photo::new(w, h, rgb).expect("sizes match");
            let resized = resize(&photo, tw, th);
            for (got, want) in resized.rgb.iter().zip(naive(&photo, tw, th)) {
                // Half a level from rounding each of the two passes, and the fixed-point weights.
                prop_assert!((f64::from(*got) - want).abs() <= 1.25, "{got} for {want}");
            }
        }
    }

    /// `tests/wasm` asserts the same digest in a browser.
    #[test]
    fn every_machine_gives_these_bytes() {
        let rgb = (0..301 * 187 * 3u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let photo = Photo::new(301, 187, rgb).expect("sizes match");
        let digest = crate::digest::Digest::of(resize(&photo, 224, 224).rgb());
        assert_eq!(digest.short(), "8087721821828215");
    }

    #[test]
    fn a_flat_colour_stays_that_colour() {
        let photo = Photo::new(37, 11, [12u8, 200, 255].repeat(37 * 11)).expect("sizes match");
        let resized = resize(&photo, 224, 5);
        assert_eq!((resized.width(), resized.height()), (224, 5));
        assert!(resized.rgb().chunks(3).all(|pixel| pixel == [12, 200, 255]));
    }
}
