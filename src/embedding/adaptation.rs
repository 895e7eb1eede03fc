//! Adaptation of embeddings to a catalogue by half whitening: the file, and applying it; [`super::fit()`] makes one.
//!
//! ```text
//! for each component of the embedding (the whole of it, if the network declares none):
//!     unit     = component / |component|
//!     along    = axes * (unit - mean)        each axis is divided by the fourth root of its variance
//!     adapted  = weight * along / |along|
//! of a component by length (how much of a print there is) instead:
//!     along    = axes * component            axes about zero, not about the mean
//!     adapted  = |component| * along / |along|
//! all components one after the other, scaled to unit length
//! ```
//!
//! Components are adapted apart: joined first, those of large variance would decide the axes of all. A component by length
//! keeps it and has no mean taken off: brought to one length, the little that plain photos have of it would count as much as
//! a print does.
//!
//! A plain projection on principal axes leaves distances as they were. Full whitening (division by the square root) makes
//! axes that are noise as loud as those that carry meaning; the fourth root is half of the way, and is what found most
//! photos of the same product on every network and shop measured (`precompute/training/README.md` has the table). Centring
//! and whitening by principal components for image search: Jegou and Chum, "Negative evidences and co-occurrences in image
//! retrieval: the benefit of PCA and whitening", ECCV 2012.

use tract_core::internal::f16;

use super::{Component, norm, sums};
use crate::format::{FormatError, Reader};

const MAGIC: &[u8; 4] = b"LKAD";
/// Version of a file without components by length.
const VERSION: u16 = 1;
/// Version of a file with components by length, and the greatest that is read.
const VERSION_BY_LENGTH: u16 = 2;
/// Number of axes of a component at most.
pub const MAX_AXES: usize = 256;
/// Number of axes of all components together at most: what codes can hold.
#[cfg(not(target_arch = "wasm32"))]
pub const MAX_AXES_TOGETHER: usize = 512;

/// Means of vectors of unit length and scaled axes are from -1 to 1, but for rounding.
const LARGEST: f32 = 1.0 + 1e-6;
/// Weights of components are about 1.
const LARGEST_WEIGHT: f32 = 1e6;

/// The adaptation of embeddings to one catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Adaptation {
    /// Number of different photos it was fitted on.
    products: u32,
    /// In the order of the embedding; one for the whole of it, of weight 1, if the network declares none.
    components: Vec<AdaptedComponent>,
}

/// The adaptation of one component of the embedding.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AdaptedComponent {
    /// Length after adaptation, of a component by length the greatest.
    weight: f32,
    /// Whether adaptation keeps the component's own length.
    by_length: bool,
    /// Mean of the catalogue's components, each of unit length, `[dims]`; zeros of a component by length.
    mean: Vec<f32>,
    /// Principal axes, each divided by the fourth root of its variance, `[axes, dims]`; numbers that f16 holds. None if the
    /// component is the same in all photos.
    axes: Vec<f32>,
}

impl AdaptedComponent {
    /// From the mean, `[dims]`, and the axes, `[axes, dims]`. Axes are scaled together so that the largest number is 1 (the
    /// component is scaled to its weight anyway) and rounded to what the file holds.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn new(component: Component, mean: Vec<f32>, axes: &[f64]) -> AdaptedComponent {
        let Component { weight, by_length, .. } = component;
        let largest = axes.iter().fold(0f64, |largest, value| largest.max(value.abs()));
        let scale = if largest > 0.0 { 1.0 / largest } else { 0.0 };
        let axes = axes.iter().map(|value| f16::from_f64(value * scale).to_f32()).collect();
        AdaptedComponent { weight, by_length, mean, axes }
    }

    fn axes(&self) -> usize {
        self.axes.len() / self.mean.len().max(1)
    }

    /// Appends the adapted component to `adapted`.
    fn apply(&self, component: &[f32], adapted: &mut Vec<f32>) -> Result<(), AdaptError> {
        let Some(mut centred) = unit(component)? else {
            adapted.extend(std::iter::repeat_n(0.0, self.axes()));
            return Ok(());
        };
        centred.iter_mut().zip(&self.mean).for_each(|(value, mean)| *value -= mean);
        let axes = self.axes.chunks_exact(self.mean.len());
        let start = adapted.len();
        adapted.extend(axes.map(|axis| sums(axis, &centred).product as f32));
        let length = if self.by_length { norm(component) } else { f64::from(self.weight) };
        scale_to(&mut adapted[start..], length);
        Ok(())
    }
}

/// Scales `values` to the length `length`, unless they are all zero.
fn scale_to(values: &mut [f32], length: f64) {
    let own = norm(values);
    if own > 0.0 {
        values.iter_mut().for_each(|value| *value = (f64::from(*value) * length / own) as f32);
    }
}

/// Why an embedding cannot be adapted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdaptError {
    /// The embedding comes from another network than the adaptation.
    #[error(
        "the embedding has {found} dimensions, the adaptation {expected}: they come from different networks"
    )]
    Dimensions {
        /// Dimensions of the embedding.
        found: usize,
        /// Dimensions that the adaptation takes.
        expected: usize,
    },
    /// The embedding holds a number that is infinite or not a number.
    #[error(
        "the network's embedding has a number that is not finite ({found} at dimension {at}): compile the network again, with f32 weights if it was compiled with others"
    )]
    NotFinite {
        /// The first such dimension.
        at: usize,
        /// The number, as text.
        found: String,
    },
}

impl AdaptError {
    /// A stable name of the kind of failure, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            AdaptError::Dimensions { .. } => "folder/corrupt",
            AdaptError::NotFinite { .. } => "network/failed",
        }
    }
}

impl Adaptation {
    /// Of the components of an embedding, in its order.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn new(products: u32, components: Vec<AdaptedComponent>) -> Adaptation {
        Adaptation { products, components }
    }

    /// Dimensions of the network's embeddings.
    pub fn dims(&self) -> usize {
        self.components.iter().map(|component| component.mean.len()).sum()
    }

    /// Dimensions of adapted embeddings.
    pub fn axes(&self) -> usize {
        self.components.iter().map(AdaptedComponent::axes).sum()
    }

    /// The components that it takes, in the order of the embedding.
    pub fn components(&self) -> Vec<Component> {
        let component = |of: &AdaptedComponent| Component {
            dims: of.mean.len(),
            weight: of.weight,
            by_length: of.by_length,
        };
        self.components.iter().map(component).collect()
    }

    /// Itself, if it takes embeddings of `dims` dimensions.
    ///
    /// # Errors
    /// [`FormatError::Value`] when it takes others.
    pub fn of_network(self, dims: usize) -> Result<Adaptation, FormatError> {
        match self.dims() == dims {
            true => Ok(self),
            false => Err(FormatError::Value(format!(
                "takes embeddings of {} dimensions, the network makes {dims}",
                self.dims()
            ))),
        }
    }

    /// Number of different photos it was fitted on.
    pub fn products(&self) -> u32 {
        self.products
    }

    /// Adapts `embedding`, `[dims]`, as the network gives it: the result is `[axes]`, of unit length. An embedding of zeros
    /// has no direction and stays zeros.
    ///
    /// # Errors
    /// [`AdaptError`] when the embedding is another network's or not of finite numbers.
    pub fn apply(&self, embedding: &[f32]) -> Result<Vec<f32>, AdaptError> {
        check_finite(embedding)?;
        if embedding.len() != self.dims() {
            return Err(AdaptError::Dimensions { found: embedding.len(), expected: self.dims() });
        }
        let (mut adapted, mut rest) = (Vec::with_capacity(self.axes()), embedding);
        for component in &self.components {
            let (own, others) = rest.split_at(component.mean.len());
            component.apply(own, &mut adapted)?;
            rest = others;
        }
        if !self.is_whole() {
            scale_to(&mut adapted, 1.0);
        }
        Ok(adapted)
    }

    /// The bytes of `adaptation-<hash>.bin`.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let numbers = |component: &AdaptedComponent| [component.mean.len() as u32, component.axes() as u32];
        let has_lengths = self.components.iter().any(|component| component.by_length);
        bytes.extend(if has_lengths { VERSION_BY_LENGTH } else { VERSION }.to_le_bytes());
        // The whole embedding needs no table.
        let table = if self.is_whole() { &[][..] } else { &self.components[..] };
        bytes.extend((table.len() as u16).to_le_bytes());
        for number in [self.dims() as u32, self.axes() as u32, self.products] {
            bytes.extend(number.to_le_bytes());
        }
        for component in table {
            bytes.extend(numbers(component).into_iter().flat_map(u32::to_le_bytes));
            bytes.extend(component.weight.to_le_bytes());
            if has_lengths {
                bytes.extend(u32::from(component.by_length).to_le_bytes());
            }
        }
        for component in &self.components {
            bytes.extend(component.mean.iter().flat_map(|value| value.to_le_bytes()));
            let halves = component.axes.iter().map(|value| f16::from_f32(*value).to_bits());
            bytes.extend(halves.flat_map(u16::to_le_bytes));
        }
        bytes
    }

    /// Whether the embedding is adapted as a whole.
    fn is_whole(&self) -> bool {
        matches!(&self.components[..], [only] if only.weight == 1.0 && !only.by_length)
    }

    /// Reads `adaptation-<hash>.bin`.
    ///
    /// # Errors
    /// [`FormatError`] when it is another file, of a later version, cut short, or holds numbers that no writer puts there.
    pub fn read(bytes: &[u8]) -> Result<Adaptation, FormatError> {
        let mut reader = Reader::open(bytes, MAGIC, "an adaptation file", VERSION_BY_LENGTH)?;
        let has_lengths = reader.version() >= VERSION_BY_LENGTH;
        let count = reader.u16()?;
        let [dims, axes] = [reader.u32()? as usize, reader.u32()? as usize];
        let products = reader.u32()?;
        let mut table = Vec::new();
        for _ in 0..count {
            let [dims, axes] = [reader.u32()? as usize, reader.u32()? as usize];
            let weight = reader.f32s(1)?[0];
            let by_length = match if has_lengths { reader.u32()? } else { 0 } {
                flag @ (0 | 1) => flag == 1,
                flag => return Err(FormatError::Value(format!("has a component of kind {flag}"))),
            };
            table.push((Component { dims, weight, by_length }, axes));
        }
        if count == 0 {
            table.push((Component::whole(dims), axes));
        }
        let sum = |side: fn(&(Component, usize)) -> usize| {
            table.iter().map(side).try_fold(0usize, |sum, own| sum.checked_add(own))
        };
        let fits = |(component, axes): &(Component, usize)| {
            let Component { dims, weight, .. } = component;
            *dims > 0 && *axes <= MAX_AXES.min(*dims) && (0.0..=LARGEST_WEIGHT).contains(weight)
        };
        let adds_up = [sum(|own| own.0.dims), sum(|own| own.1)] == [Some(dims), Some(axes)];
        if axes == 0 || !adds_up || !table.iter().all(fits) {
            return Err(FormatError::Value(format!(
                "has {axes} axes of {dims} dimensions in {count} components"
            )));
        }
        let mut components = Vec::new();
        for (Component { dims, weight, by_length }, axes) in table {
            let mean = reader.f32s(dims)?;
            let halves = reader.take(dims.saturating_mul(axes).saturating_mul(2))?.as_chunks::<2>().0;
            let axes: Vec<f32> = halves.iter().map(|half| f16::from_le_bytes(*half).to_f32()).collect();
            // Larger ones could overflow when they are applied.
            if let Some(wrong) =
                mean.iter().chain(&axes).find(|value| value.is_nan() || value.abs() > LARGEST)
            {
                return Err(FormatError::Value(format!("holds {wrong}, where numbers are from -1 to 1")));
            }
            components.push(AdaptedComponent { weight, by_length, mean, axes });
        }
        reader.finish()?;
        Ok(Adaptation { products, components })
    }
}

fn check_finite(embedding: &[f32]) -> Result<(), AdaptError> {
    match embedding.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(AdaptError::NotFinite { at, found: embedding[at].to_string() }),
        None => Ok(()),
    }
}

/// `embedding` at unit length; `None` if it is of zeros.
///
/// # Errors
/// [`AdaptError::NotFinite`].
pub(super) fn unit(embedding: &[f32]) -> Result<Option<Vec<f32>>, AdaptError> {
    check_finite(embedding)?;
    // Divided by the largest number first, the squares of no embedding overflow or vanish.
    let largest = embedding.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    if largest == 0.0 {
        return Ok(None);
    }
    let mut unit: Vec<f32> =
        embedding.iter().map(|value| (f64::from(*value) / f64::from(largest)) as f32).collect();
    let length = norm(&unit);
    unit.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
    Ok(Some(unit))
}
