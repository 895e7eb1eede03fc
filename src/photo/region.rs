//! A part of a photo: the rectangle that a shopper says matters, in fractions, and its pixels.

use super::{Photo, PhotoError};

/// A rectangle of an upright photo, in fractions of its sides: from 0 (left, top) to 1 (right, bottom).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crop {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// What sums of fractions may be over 1: their rounding, far below a pixel.
const SLACK: f64 = 1e-6;

impl Crop {
    /// All of a photo.
    pub const WHOLE: Crop = Crop { x: 0.0, y: 0.0, width: 1.0, height: 1.0 };

    /// From its left and top edge, its width and its height.
    ///
    /// # Errors
    /// [`PhotoError::Crop`] when it is empty or not within the photo.
    pub fn new(sides: [f64; 4]) -> Result<Crop, PhotoError> {
        let [x, y, width, height] = sides;
        let within = |from: f64, length: f64| from >= 0.0 && length > 0.0 && from + length <= 1.0 + SLACK;
        match within(x, width) && within(y, height) {
            true => Ok(Crop { x, y, width, height }),
            false => Err(PhotoError::Crop(sides)),
        }
    }

    /// Its left and top edge, its width and its height.
    pub fn sides(&self) -> [f64; 4] {
        [self.x, self.y, self.width, self.height]
    }
}

/// Some of a photo's pixels: at least one, borrowed and not copied.
#[derive(Clone, Copy)]
pub struct Region<'a> {
    photo: &'a Photo,
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

impl Photo {
    /// The pixels within `crop`, its edges rounded to whole ones.
    pub fn region(&self, crop: &Crop) -> Region<'_> {
        let span = |from: f64, length: f64, all: u32| {
            let start = (from * f64::from(all)).round() as u32;
            let end = (((from + length) * f64::from(all)).round() as u32).min(all);
            if start < end {
                return (start, end - start);
            }
            // Narrower than a pixel: the one that it begins in.
            (((from * f64::from(all)) as u32).min(all - 1), 1)
        };
        let (left, width) = span(crop.x, crop.width, self.width);
        let (top, height) = span(crop.y, crop.height, self.height);
        Region { photo: self, left, top, width, height }
    }
}

impl<'a> From<&'a Photo> for Region<'a> {
    fn from(photo: &'a Photo) -> Self {
        Region { photo, left: 0, top: 0, width: photo.width, height: photo.height }
    }
}

impl<'a> Region<'a> {
    /// The photo it is of.
    pub fn photo(&self) -> &'a Photo {
        self.photo
    }

    /// Its first column and its first row in the photo.
    pub fn corner(&self) -> (u32, u32) {
        (self.left, self.top)
    }

    /// Pixels across.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pixels down.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Row `y` of it, `[width, 3]`.
    pub fn row(&self, y: usize) -> &'a [u8] {
        let start = ((self.top as usize + y) * self.photo.width as usize + self.left as usize) * 3;
        &self.photo.rgb[start..start + self.width as usize * 3]
    }

    /// A photo of its own.
    pub fn to_photo(self) -> Photo {
        let rgb = (0..self.height as usize).flat_map(|y| self.row(y)).copied().collect();
        Photo { width: self.width, height: self.height, rgb }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::resize;
    use super::*;

    fn any_photo() -> impl Strategy<Value = Photo> {
        (1u32..30, 1u32..30).prop_flat_map(|(width, height)| {
            prop::collection::vec(any::<u8>(), (width * height * 3) as usize)
                .prop_map(move |rgb| Photo::new(width, height, rgb).expect("sizes match"))
        })
    }

    fn any_crop() -> impl Strategy<Value = Crop> {
        let span = || (0.0..0.99f64, 0.001..1.0f64).prop_map(|(from, length)| (from, length.min(1.0 - from)));
        (span(), span())
            .prop_map(|((x, width), (y, height))| Crop::new([x, y, width, height]).expect("within"))
    }

    proptest! {
        #[test]
        fn a_region_resizes_as_if_it_had_been_cut_out(
            (photo, crop, width, height) in (any_photo(), any_crop(), 1u32..20, 1u32..20)
        ) {
            let region = photo.region(&crop);
            let cut = region.to_photo();
            prop_assert_eq!((cut.width(), cut.height()), (region.width(), region.height()));
            prop_assert!(resize(region, width, height) == resize(&cut, width, height));
            prop_assert!(resize(region, region.width(), region.height()) == cut);
        }

        #[test]
        fn its_edges_are_the_nearest_pixels((photo, crop) in (any_photo(), any_crop())) {
            let region = photo.region(&crop);
            let [x, y, width, height] = crop.sides();
            for (start, length, from, share, all) in [
                (region.left, region.width, x, width, photo.width()),
                (region.top, region.height, y, height, photo.height()),
            ] {
                prop_assert!(length >= 1 && start + length <= all);
                let most = if length == 1 { 1.0 } else { 0.5 + 1e-9 };
                prop_assert!((f64::from(start) - from * f64::from(all)).abs() <= most);
                prop_assert!((f64::from(start + length) - (from + share) * f64::from(all)).abs() <= most);
            }
        }
    }

    #[test]
    fn the_pixels_are_those_within() {
        let photo = Photo::new(4, 2, (0..24).collect()).expect("sizes match");
        let crop = Crop::new([0.25, 0.5, 0.5, 0.5]).expect("within");
        assert_eq!(
            photo.region(&crop).to_photo(),
            Photo::new(2, 1, vec![15, 16, 17, 18, 19, 20]).expect("2x1")
        );
        assert_eq!(photo.region(&Crop::WHOLE).to_photo(), photo);
    }

    #[test]
    fn what_is_not_within_a_photo_is_refused() {
        for sides in [
            [0.0, 0.0, 0.0, 1.0],
            [0.0, 0.0, 1.0, -0.5],
            [-0.1, 0.0, 0.5, 0.5],
            [0.6, 0.0, 0.5, 1.0],
            [0.0, 0.0, f64::NAN, 1.0],
            [f64::NAN, 0.0, 1.0, 1.0],
            [0.0, 0.0, f64::INFINITY, 1.0],
        ] {
            assert_eq!(Crop::new(sides).expect_err("not within").code(), "photo/crop", "{sides:?}");
        }
        assert!(Crop::new([0.7, 0.9, 0.3, 0.1]).is_ok(), "0.9 + 0.1 may be a rounding over 1");
    }
}
