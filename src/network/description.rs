//! `network.json`: what a compiled network is. These types are the specification of the file.

use serde::{Deserialize, Serialize};

use super::preprocessing::Preprocessing;
use crate::format::FormatError;

const FORMAT: &str = "lookalike-network";
/// The greatest version this reader knows, of networks with a component by length. A network is written in the least version
/// that can say it: readers of a version before would pass over components or lengths and take the embeddings for something else.
const VERSION: u32 = 3;
/// Version of networks with components, shared weights or operations that version 1 lacks.
const VERSION_COMPONENTS: u32 = 2;

/// A compiled network: a chain or graph of layers over one picture, and where its weights are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    format: String,
    version: u32,
    /// A name for people.
    pub name: String,
    /// False while the weights are random numbers.
    pub trained: bool,
    /// How a photo becomes the network's input, f32 `[1, 3, height, width]`.
    pub preprocessing: Preprocessing,
    /// Length of the embedding.
    pub dims: usize,
    /// The parts of the embedding that are weighted against each other, in its order; empty: the embedding is what the last
    /// layer makes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
    /// In the order of evaluation. The input is value 0, layer i makes value i + 1, the last is the embedding.
    pub layers: Vec<Layer>,
    /// The weights, end to end in this order.
    pub tensors: Vec<TensorEntry>,
    /// The files that hold the weights, end to end in this order.
    #[serde(default)]
    pub parts: Vec<PartEntry>,
}

/// Consecutive dimensions of the embedding that say one thing, such as how a product looks or what it is. They are scaled
/// to unit length times `weight`, so that how much each counts in a distance does not depend on the photo; or, if there is a
/// `full_length`, only to as much of it as the photo holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// A name for people.
    pub name: String,
    /// Number of dimensions; those of all components add up to the embedding's.
    pub dims: usize,
    /// Length after scaling, finite and not negative; at least one component has a length.
    pub weight: f32,
    /// The length before scaling from which on the component has the length `weight`; below, it has the same part of `weight` as
    /// of this. For what a photo may hold more or less of, such as a print.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_length: Option<f32>,
}

/// One operation and the values it reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// Numbers of the values read.
    pub inputs: Vec<usize>,
    /// What is done.
    #[serde(flatten)]
    pub op: Op,
}

/// What a layer does. Pictures are `[1, channels, height, width]`, row-major; numbers in pairs are down, then across;
/// padding is top, left, bottom, right. A tensor is named by its place in [`Description::tensors`]; from version 2 on
/// several layers may read one, as those of a network do that looks at several views of a photo with the same weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Op {
    /// Cross-correlation, zeros around the picture.
    Conv {
        /// `[out, in / groups, height, width]`.
        weight: usize,
        /// `[out]`.
        bias: usize,
        /// Steps between windows.
        strides: [usize; 2],
        /// Steps between taps.
        dilations: [usize; 2],
        /// Zeros around.
        padding: [usize; 4],
        /// Channels are cut into this many groups that do not see each other.
        groups: usize,
    },
    /// Matrix times the flattened value, plus bias; makes `[1, out]`.
    Dense {
        /// `[out, in]`.
        weight: usize,
        /// `[out]`.
        bias: usize,
    },
    /// Largest of each window; padding never wins.
    MaxPool {
        /// Window.
        kernel: [usize; 2],
        /// Steps between windows.
        strides: [usize; 2],
        /// Padding.
        padding: [usize; 4],
    },
    /// Mean of each window; padding does not count.
    AveragePool {
        /// Window.
        kernel: [usize; 2],
        /// Steps between windows.
        strides: [usize; 2],
        /// Padding.
        padding: [usize; 4],
    },
    /// Mean over height and width; makes `[1, channels, 1, 1]`.
    GlobalAveragePool,
    /// Largest value over height and width; makes `[1, channels, 1, 1]`.
    GlobalMaxPool,
    /// max(x, 0), and no more than `max` where it is there.
    Relu {
        /// The ceiling, 6 in MobileNet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<f32>,
    },
    /// Sum of two values of one shape.
    Add,
    /// The rows and columns of a picture from `start` up to `end`, which is not among them. At least one of each.
    Slice {
        /// First row and first column.
        start: [usize; 2],
        /// The row and the column after the last.
        end: [usize; 2],
    },
    /// Values one after the other along the channels. Values that are not all pictures of one height and width are flattened
    /// first, and the result is then `[1, numbers]`.
    Concat,
}

/// One tensor of weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TensorEntry {
    /// Its sides.
    pub shape: Vec<usize>,
    /// How its numbers are stored.
    pub encoding: Encoding,
}

/// How numbers are stored, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// f32.
    F32,
    /// IEEE half precision.
    F16,
    /// For each index of the first side a f32 scale, then i8 numbers from -127 to 127: weight = scale * number.
    Int8,
    /// The same with the largest weight of each row apart: for each index of the first side a f32 scale, a u32 place in
    /// the row and a f32, the weight there; then i8 numbers as above, 0 at that place.
    ///
    /// A shortcut folded into a convolution (RepVGG, arXiv 2101.03697) adds 1 to one weight of a row and leaves the rest
    /// small: under a scale that reaches it they would have 3 bits of the 8 (arXiv 2212.01593).
    Int8Outlier,
    /// 8 bits as in `Int8`, entropy-coded. In this order: for each index of the first side a f32 scale; a u8 reach from 0 to
    /// 127; 2 * reach + 2 frequencies u16 that sum to 4096, of the numbers from -reach to reach and of an escape; the numbers
    /// in row-major order as one rANS stream ([`crate::rans`]: number of words u32, state u32, words u16). A number beyond the
    /// reach is an escape and 8 bits, the number in two's complement.
    Rans8 {
        /// Length of all this, at least a 64th of the number of weights.
        bytes: usize,
    },
}

impl Encoding {
    /// The name it has in `network.json`.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::F32 => "f32",
            Encoding::F16 => "f16",
            Encoding::Int8 => "int8",
            Encoding::Int8Outlier => "int8_outlier",
            Encoding::Rans8 { .. } => "rans8",
        }
    }
}

/// Weights that a stored byte of [`Encoding::Rans8`] can stand for at most, so that a small file cannot ask for much memory.
const RANS8_WEIGHTS_A_BYTE: usize = 64;

/// A file of weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartEntry {
    /// Its name, in the folder of `network.json`.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, 64 hexadecimal digits.
    pub sha256: String,
}

impl Component {
    /// Refuses components that do not divide an embedding of `dims` numbers, or whose weights are no lengths.
    fn check(components: &[Component], dims: usize) -> Result<(), &'static str> {
        if components.is_empty() {
            return Ok(());
        }
        let sum = components.iter().try_fold(0usize, |sum, component| sum.checked_add(component.dims));
        if sum != Some(dims) || components.iter().any(|component| component.dims == 0) {
            return Err("has components whose dimensions do not add up to the embedding's");
        }
        let is_length = |weight: f32| weight.is_finite() && weight >= 0.0;
        if !components.iter().all(|component| is_length(component.weight)) {
            return Err("has a component whose weight is negative or not a number");
        }
        if components.iter().filter_map(|own| own.full_length).any(|full| !(full.is_finite() && full > 0.0)) {
            return Err("has a component whose full length is not above 0");
        }
        if components.iter().all(|component| component.weight == 0.0) {
            return Err("has components of which none has a weight above 0");
        }
        let is_unnamed = |(place, component): (usize, &Component)| {
            component.name.is_empty() || components[..place].iter().any(|other| other.name == component.name)
        };
        if components.iter().enumerate().any(is_unnamed) {
            return Err("has components without a name of their own");
        }
        Ok(())
    }

    /// Scales each component of each of `embeddings`, `[n, dims]`, row-major, to unit length times its weight, or to a part of
    /// that by its length. A component of zeros has no direction and stays as it is.
    pub(super) fn scale(components: &[Component], embeddings: &mut [f32]) {
        let dims: usize = components.iter().map(|component| component.dims).sum();
        if dims == 0 {
            return;
        }
        for mut rest in embeddings.chunks_exact_mut(dims) {
            for component in components {
                let (values, others) = rest.split_at_mut(component.dims);
                let length = values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
                if length > 0.0 {
                    let least = component.full_length.map_or(0.0, f64::from);
                    let factor = f64::from(component.weight) / length.max(least);
                    values.iter_mut().for_each(|value| *value = (f64::from(*value) * factor) as f32);
                }
                rest = others;
            }
        }
    }
}

impl Op {
    /// The tensors it reads: weights, then bias.
    pub fn tensors(&self) -> impl Iterator<Item = usize> + use<> {
        let both = match *self {
            Op::Conv { weight, bias, .. } | Op::Dense { weight, bias } => Some([weight, bias]),
            _ => None,
        };
        both.into_iter().flatten()
    }
}

impl TensorEntry {
    /// How many numbers there are, `None` if that overflows.
    pub fn elements(&self) -> Option<usize> {
        self.shape.iter().try_fold(1usize, |product, side| product.checked_mul(*side))
    }

    /// How many bytes they take as stored, `None` if that overflows or is too little.
    pub fn bytes(&self) -> Option<usize> {
        let elements = self.elements()?;
        match self.encoding {
            Encoding::F32 => elements.checked_mul(4),
            Encoding::F16 => elements.checked_mul(2),
            Encoding::Int8 => self.shape.first()?.checked_mul(4)?.checked_add(elements),
            Encoding::Int8Outlier => self.shape.first()?.checked_mul(12)?.checked_add(elements),
            Encoding::Rans8 { bytes } => (elements / RANS8_WEIGHTS_A_BYTE <= bytes).then_some(bytes),
        }
    }

    /// How many bytes they take at least once they are in memory, `None` if that overflows.
    pub(super) fn unpacked_bytes(&self) -> Option<usize> {
        match self.encoding {
            Encoding::Rans8 { .. } => Some(self.elements()?.max(self.bytes()?)),
            _ => self.bytes(),
        }
    }
}

impl Description {
    /// A description of the least version that can say it, whose parts are yet to be written.
    pub fn new(
        name: String,
        trained: bool,
        preprocessing: Preprocessing,
        dims: usize,
        layers: Vec<Layer>,
        tensors: Vec<TensorEntry>,
    ) -> Description {
        let (format, components, parts) = (FORMAT.to_owned(), Vec::new(), Vec::new());
        let mut description = Description {
            format,
            version: VERSION,
            name,
            trained,
            preprocessing,
            dims,
            components,
            layers,
            tensors,
            parts,
        };
        description.version = description.needed_version();
        description
    }

    /// The text of `network.json`.
    pub fn write(&self) -> Vec<u8> {
        let description = Description { version: self.needed_version(), ..self.clone() };
        serde_json::to_vec(&description).expect("a description has only strings and finite numbers")
    }

    /// The least version whose readers understand this network.
    fn needed_version(&self) -> u32 {
        let is_new_op = |op: &Op| matches!(op, Op::GlobalMaxPool | Op::Slice { .. });
        let is_new = !self.components.is_empty()
            || self.layers.iter().any(|layer| is_new_op(&layer.op))
            || self.uses_of_tensors().iter().any(|uses| *uses > 1)
            || self.tensors.iter().any(|tensor| matches!(tensor.encoding, Encoding::Rans8 { .. }));
        if self.components.iter().any(|component| component.full_length.is_some()) {
            VERSION
        } else if is_new {
            VERSION_COMPONENTS
        } else {
            1
        }
    }

    /// How many layers read each tensor, `[tensors]`. A layer whose tensor does not exist counts for none.
    pub(super) fn uses_of_tensors(&self) -> Vec<usize> {
        let mut uses = vec![0; self.tensors.len()];
        for index in self.layers.iter().flat_map(|layer| layer.op.tensors()) {
            if let Some(uses) = uses.get_mut(index) {
                *uses += 1;
            }
        }
        uses
    }

    /// Reads `network.json`. Past this every layer reads values made before it and tensors that are there, and the
    /// parts hold exactly the tensors.
    ///
    /// # Errors
    /// [`FormatError`] when it is no network, of a newer version, or contradicts itself.
    pub fn read(text: &[u8]) -> Result<Description, FormatError> {
        #[derive(Deserialize)]
        struct Version {
            format: String,
            version: u32,
        }
        let not_a_network = FormatError::Magic { expected: "a compiled network" };
        let version: Version = serde_json::from_slice(text).map_err(|_| not_a_network.clone())?;
        if version.format != FORMAT {
            return Err(not_a_network);
        }
        if version.version > VERSION {
            return Err(FormatError::NewerVersion { found: version.version, known: VERSION });
        }
        let description: Description = serde_json::from_slice(text)
            .map_err(|error| FormatError::Value(format!("is damaged: {error}")))?;
        description.check().map_err(|problem| FormatError::Value(problem.to_owned()))?;
        Ok(description)
    }

    fn check(&self) -> Result<(), &'static str> {
        self.preprocessing.check()?;
        if self.layers.is_empty() || self.dims == 0 {
            return Err("has no layers");
        }
        Component::check(&self.components, self.dims)?;
        for (number, layer) in self.layers.iter().enumerate() {
            if layer.inputs.iter().any(|value| *value > number) {
                return Err("has a layer that reads a value made after it");
            }
            let inputs = match layer.op {
                Op::Add => layer.inputs.len() == 2,
                Op::Concat => !layer.inputs.is_empty(),
                _ => layer.inputs.len() == 1,
            };
            if !inputs {
                return Err("has a layer with too many or too few inputs");
            }
            if layer.op.tensors().any(|tensor| tensor >= self.tensors.len()) {
                return Err("has a layer whose weights are missing");
            }
        }
        let tensor_bytes =
            self.tensors.iter().try_fold(0usize, |sum, tensor| sum.checked_add(tensor.bytes()?));
        let part_bytes = self.parts.iter().try_fold(0u64, |sum, part| sum.checked_add(part.bytes));
        if tensor_bytes.map(|bytes| bytes as u64) != part_bytes || part_bytes.is_none() {
            return Err("has parts that do not hold its tensors");
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        if self.parts.iter().any(|part| part.path.starts_with('.') || !part.path.bytes().all(plain)) {
            return Err("names a part outside its folder");
        }
        Ok(())
    }
}
