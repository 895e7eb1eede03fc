//! Photos: bytes of a picture in, upright 8-bit sRGB out, and the filtered resize.
//!
//! Native and wasm give the same bytes: arithmetic is of integers, and colour profiles are applied by the same scalar code.

mod decode;
mod jpeg;
mod profile;
mod region;
mod resize;

pub use decode::{Limits, PhotoError, Rows, decode};
pub use region::{Crop, Region};
pub use resize::resize;

/// An upright picture: `[height, width, 3]`, row-major, 8-bit sRGB.
#[derive(Clone, PartialEq, Eq)]
pub struct Photo {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Photo {
    /// A photo from its pixels; `None` unless `rgb` holds exactly `width * height * 3` bytes and neither side is 0.
    pub fn new(width: u32, height: u32, rgb: Vec<u8>) -> Option<Photo> {
        let bytes = u64::from(width) * u64::from(height) * 3;
        (bytes > 0 && bytes == rgb.len() as u64).then_some(Photo { width, height, rgb })
    }

    /// Pixels across.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pixels down.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// `[height, width, 3]`, row-major.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }
}

impl std::fmt::Debug for Photo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Photo({}x{})", self.width, self.height)
    }
}
