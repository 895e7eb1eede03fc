//! The colours of a product: 24 bytes a photo, and how far two products' colours are apart.
//!
//! Networks hardly see colour and shoppers do, so this stands beside each embedding. All of it is integers up to one
//! last square root and division, which IEEE 754 rounds one way: native and wasm agree to the bit.

mod blend;
#[cfg(feature = "embed")]
mod describe;
mod file;
#[cfg(feature = "embed")]
mod object;
#[cfg(feature = "embed")]
mod oklab;
#[cfg(feature = "ivf")]
mod partitions;

pub use blend::{Blend, Means, Weight};
pub use file::ColourCodes;
#[cfg(feature = "embed")]
pub use object::object;

/// Colours kept of a photo.
const COLOURS: usize = 8;
/// Bytes of [`Colours`]: of each colour its place in the lattice (u16) and the strength (u8).
pub const BYTES: usize = 3 * COLOURS;

/// The lattice of colours: 32 steps along each axis of Oklab.
const LATTICE: usize = 1 << 15;

/// The colours of the object on one photo: up to eight, each with the square root of its share.
///
/// As bytes: eight times the place in the lattice (u16, little-endian: `lightness << 10 | a << 5 | b`) and the strength
/// (u8), strongest first. A colour of strength 0 is not there; the first always is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Colours([u8; BYTES]);

impl Colours {
    /// From a file's bytes; `None` if no photo has these: no colour at all, a place outside the lattice, or shares that
    /// add up to more than one.
    pub fn from_bytes(bytes: [u8; BYTES]) -> Option<Colours> {
        let colours = Colours(bytes);
        let shares: u32 = colours.entries().map(|(_, strength)| strength * strength).sum();
        let sound =
            colours.entries().all(|(place, _)| place < LATTICE) && bytes[2] > 0 && shares <= 255 * 255;
        sound.then_some(colours)
    }

    /// As [`ColourCodes`] keeps them.
    pub fn as_bytes(&self) -> &[u8; BYTES] {
        &self.0
    }

    /// How far the colours are apart: 1 - the cosine between the two photos' smoothed densities of colours, 0 (the same)
    /// to 1 (nothing alike). Symmetric; exactly 0 for equal colours.
    pub fn distance(&self, other: &Colours) -> f64 {
        apart(self.product(other), self.norm(), other.norm())
    }

    /// The inner product with itself. What [`Query::distance`] wants to know of each product.
    pub fn norm(&self) -> u32 {
        self.product(self)
    }

    fn product(&self, other: &Colours) -> u32 {
        let mut sum = 0;
        for (place, strength) in self.entries().filter(|(_, strength)| *strength > 0) {
            for (other, other_strength) in other.entries() {
                sum += strength * other_strength * likeness(place, other);
            }
        }
        sum
    }

    /// Place and strength of each colour.
    fn entries(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.0
            .chunks_exact(3)
            .map(|entry| (usize::from(u16::from_le_bytes([entry[0], entry[1]])), u32::from(entry[2])))
    }
}

/// A photo's colours spread over the lattice, against which a product costs eight look-ups. 128 KiB; made in under a
/// millisecond.
pub struct Query {
    /// `[LATTICE]`: the sum of strength times likeness over the photo's colours.
    field: Vec<u32>,
    norm: u32,
}

impl Query {
    /// Of a photo's colours.
    pub fn new(colours: &Colours) -> Query {
        let mut field = vec![0; LATTICE];
        for (place, strength) in colours.entries().filter(|(_, strength)| *strength > 0) {
            for (at, value) in field.iter_mut().enumerate() {
                *value += strength * likeness(place, at);
            }
        }
        Query { field, norm: colours.norm() }
    }

    /// [`Colours::distance`] to a product whose [`Colours::norm`] is `norm`.
    pub fn distance(&self, other: &Colours, norm: u32) -> f64 {
        let product: u32 = other.entries().map(|(place, strength)| strength * self.field[place]).sum();
        apart(product, self.norm, norm)
    }
}

/// 1 - the cosine.
fn apart(product: u32, norm: u32, other_norm: u32) -> f64 {
    // The square root of a square is exact in IEEE 754, so equal colours are at 0 and not almost.
    let norms = (u64::from(norm) * u64::from(other_norm)) as f64;
    (1.0 - f64::from(product) / norms.sqrt()).clamp(0.0, 1.0)
}

/// How alike two places of the lattice look, [`SAME`] to 0: 1 / (1 + (d / s)^2)^2, a kernel whose tail is long enough to
/// tell far from farther.
fn likeness(a: usize, b: usize) -> u32 {
    let squared = |shift: u32, step: u32| {
        let steps = ((a >> shift) & 31).abs_diff((b >> shift) & 31) as u32;
        steps * steps * step * step
    };
    let apart = squared(10, APART[0]) + squared(5, APART[1]) + squared(0, APART[2]);
    let once = SAME * SPREAD / (SPREAD + apart);
    once * once / SAME
}

/// What a step along each axis counts in [`likeness`]: its length in 1/4096, but lightness under half, since light changes.
const APART: [u32; 3] = [59, 72, 72];
/// The square of the kernel's width: 0.051 of Oklab's unit.
const SPREAD: u32 = 210 * 210;
/// Likeness of a colour with itself. As shares add up to at most one, inner products are at most 8 * 255^2 * SAME,
/// which is below 2^32.
const SAME: u32 = 4096;

#[cfg(all(test, feature = "embed"))]
mod tests;
