//! How each tensor of a compiled network is stored.
//!
//! A convolution or dense layer whose weights are rounded adds noise to what it makes. With steps relative to the weights every
//! layer adds about as much, whatever its size, so that fine steps cost least in small layers: the sum of the noise, which
//! goes with the squares of the steps, is least for its bytes where those squares go with the number of weights (reverse
//! water-filling: Cover and Thomas, Elements of Information Theory, section 10.3.3).

use lookalike::network::{
    Encoding, TensorEntry, balanced, encode, encode_rans8, encode_rans8_numbers, has_outliers, rans8_scales,
};
use nalgebra::DMatrix;

use super::feedback;
use crate::args::{NetworkOptions, WeightsName};

/// Of a smaller tensor entropy coding saves little.
const FEW_WEIGHTS: usize = 3_000;

/// The step of `--weights rans` where none is given, relative to the root mean square of a row: about 4.4 bits a weight.
pub const DEFAULT_WEIGHT_STEP: f32 = 0.2;
/// The finest step; what it rounds is lost beside other layers'.
const FINEST_STEP: f32 = 0.01;

/// How a tensor of shape `shape` is stored, and its bytes. `largest` is the number of weights of the network's largest tensor;
/// `moments` those of what its layers read, if they are known.
pub fn store(
    values: &[f32],
    shape: &[usize],
    options: &NetworkOptions,
    largest: usize,
    moments: Option<&DMatrix<f32>>,
) -> (TensorEntry, Vec<u8>) {
    if options.weights == WeightsName::Rans && is_worth_coding(shape) {
        let base = options.weight_step.unwrap_or(DEFAULT_WEIGHT_STEP);
        let step = (base * (values.len() as f32 / largest as f32).sqrt()).max(FINEST_STEP);
        let scales = rans8_scales(values, shape, step);
        let bytes = match moments.and_then(|moments| feedback::round(values, &scales, moments)) {
            Some(numbers) => encode_rans8_numbers(&scales, &numbers),
            None => encode_rans8(values, shape, step),
        };
        let encoding = Encoding::Rans8 { bytes: bytes.len() };
        let entry = TensorEntry { shape: shape.to_vec(), encoding };
        // All but empty tensors, of under an eighth of a bit a weight, are refused by readers.
        if entry.bytes().is_some() {
            return (entry, bytes);
        }
    }
    let encoding = match (options.weights, shape.len()) {
        // A bias is a thousandth of the bytes and is added to sums of thousands of terms.
        (_, 0 | 1) | (WeightsName::F32, _) => Encoding::F32,
        // The few weights of a depthwise or first convolution: 8 bits of a row with one large weight are too coarse for the rest.
        (WeightsName::F16, _) | (WeightsName::Rans, 4) => Encoding::F16,
        // A dense layer is run from its 8 bits, in rows without exceptions.
        (WeightsName::Int8, 4) if has_outliers(values, shape) => Encoding::Int8Outlier,
        (WeightsName::Int8 | WeightsName::Rans, _) => Encoding::Int8,
    };
    let bytes = encode(&balanced(values, shape, encoding), shape, encoding);
    (TensorEntry { shape: shape.to_vec(), encoding }, bytes)
}

/// Not biases, nor the convolutions that hurt most for the bytes they save: depthwise ones, whose few weights for each
/// channel do not average out what rounding loses, and first layers.
fn is_worth_coding(shape: &[usize]) -> bool {
    let is_depthwise = shape.len() == 4 && shape[1] == 1;
    shape.len() >= 2 && !is_depthwise && shape.iter().product::<usize>() >= FEW_WEIGHTS
}
