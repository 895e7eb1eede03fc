//! How each tensor of a compiled network is stored.

use lookalike::network::{Encoding, TensorEntry, balanced, encode, encode_rans8, has_outliers};

use crate::args::{NetworkOptions, WeightsName};

/// Of a smaller tensor entropy coding saves little, and its weights are read for every pixel.
const FEW_WEIGHTS: usize = 20_000;

/// The step of `--weights rans` where none is given, relative to the root mean square of a row: about 4.4 bits a weight.
pub const DEFAULT_WEIGHT_STEP: f32 = 0.2;

/// How a tensor of shape `shape` is stored, and its bytes.
pub fn store(values: &[f32], shape: &[usize], options: &NetworkOptions) -> (TensorEntry, Vec<u8>) {
    if options.weights == WeightsName::Rans && is_worth_coding(shape) {
        let bytes = encode_rans8(values, shape, options.weight_step.unwrap_or(DEFAULT_WEIGHT_STEP));
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
        (WeightsName::F16, _) => Encoding::F16,
        // A dense layer is run from its 8 bits, in rows without exceptions.
        (WeightsName::Int8 | WeightsName::Rans, 4) if has_outliers(values, shape) => Encoding::Int8Outlier,
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
