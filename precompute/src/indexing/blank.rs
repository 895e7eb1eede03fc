//! Photos on which there is nothing: of one colour, as placeholders are that a shop's system makes. All of them would be one another's
//! nearest neighbours.

use lookalike::photo::Photo;

/// Why such a photo is skipped.
pub const REASON: &str = "it is blank: all of it has one colour";

/// Levels that a value may differ from the first pixel's and still be the same: a JPEG of one colour is not always even.
const LEVELS: u8 = 2;

/// Whether all of a photo has one colour. A photo of one pixel says nothing of that.
pub fn is_blank(photo: &Photo) -> bool {
    let pixels = photo.rgb().as_chunks::<3>().0;
    let Some((first, rest)) = pixels.split_first() else { return true };
    let same =
        |pixel: &[u8; 3]| pixel.iter().zip(first).all(|(value, other)| value.abs_diff(*other) <= LEVELS);
    !rest.is_empty() && rest.iter().all(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo(width: u32, height: u32, colour: impl Fn(u32) -> u8) -> Photo {
        let rgb = (0..width * height).flat_map(|at| [colour(at), 90, 200]).collect();
        Photo::new(width, height, rgb).expect("as many bytes as pixels")
    }

    #[test]
    fn one_colour_is_blank_and_a_single_other_pixel_is_not() {
        assert!(is_blank(&photo(30, 20, |_| 7)));
        assert!(is_blank(&photo(30, 20, |at| 7 + (at % 3) as u8)), "as a JPEG rounds");
        assert!(!is_blank(&photo(30, 20, |at| if at == 599 { 10 } else { 7 })));
        assert!(!is_blank(&photo(1, 1, |_| 7)));
    }
}
