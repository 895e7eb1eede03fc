//! VGG-16 to fc7 at any width (Simonyan and Zisserman, arXiv 1409.1556, table 1, column D): thirteen 3x3 convolutions,
//! five 2x2 max-pools, fc6 and fc7, a ReLU after each layer with weights.

use super::description::{Description, Encoding, Layer, Op, TensorEntry};
use super::preprocessing::Preprocessing;

/// Output channels of the convolutions at full width; 0 is a max-pool.
const PLAN: [usize; 18] = [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0];

/// A VGG-16 of some width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vgg16 {
    /// Side of the input in pixels, a multiple of 32.
    pub side: u32,
    /// Divides the number of channels of every convolution; 1, 2, 4 ... 64.
    pub divisor: usize,
    /// Length of fc6 and fc7.
    pub dense: usize,
}

impl Vgg16 {
    /// As published.
    pub const FULL: Vgg16 = Vgg16 { side: 224, divisor: 1, dense: 4096 };
    /// The project's own: a quarter of the width, 2.2 million weights.
    pub const SLIM: Vgg16 = Vgg16 { side: 128, divisor: 4, dense: 512 };

    /// The network's description, its weights stored as `encoding` (biases always as f32); without parts.
    pub fn describe(&self, name: &str, trained: bool, encoding: Encoding) -> Description {
        let (mut layers, mut tensors) = (Vec::new(), Vec::new());
        let mut push = |op: Op| {
            let inputs = vec![layers.len()];
            layers.push(Layer { inputs, op });
        };
        let mut weights = |shape: &[usize]| {
            tensors.push(TensorEntry { shape: shape.to_vec(), encoding });
            tensors.push(TensorEntry { shape: vec![shape[0]], encoding: Encoding::F32 });
            (tensors.len() - 2, tensors.len() - 1)
        };
        let mut channels = 3;
        for step in PLAN {
            if step == 0 {
                push(Op::MaxPool { kernel: [2, 2], strides: [2, 2], padding: [0; 4] });
                continue;
            }
            let out = step / self.divisor;
            let (weight, bias) = weights(&[out, channels, 3, 3]);
            push(Op::Conv { weight, bias, strides: [1, 1], dilations: [1, 1], padding: [1; 4], groups: 1 });
            push(Op::Relu { max: None });
            channels = out;
        }
        let pixels = (self.side as usize / 32).pow(2);
        for inputs in [channels * pixels, self.dense] {
            let (weight, bias) = weights(&[self.dense, inputs]);
            push(Op::Dense { weight, bias });
            push(Op::Relu { max: None });
        }
        let preprocessing = Preprocessing::caffe(self.side, self.side);
        Description::new(name.to_owned(), trained, preprocessing, self.dense, layers, tensors)
    }
}

/// Random weights for every tensor of `description`, f32 in its order: normal with variance 2 / inputs (He et al.,
/// arXiv 1502.01852, equation 10), biases 0. The same seed gives the same weights.
pub fn random_weights(description: &Description, seed: u64) -> impl Iterator<Item = Vec<f32>> + '_ {
    let mut state = seed;
    let mut uniform = move || {
        // SplitMix64 (Steele, Lea and Flood, 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u32 << 24) as f32
    };
    description.tensors.iter().map(move |entry| {
        let elements: usize = entry.shape.iter().product();
        if entry.shape.len() < 2 {
            return vec![0.0; elements];
        }
        let inputs: usize = entry.shape[1..].iter().product();
        let deviation = (2.0 / inputs as f32).sqrt();
        // The sum of four uniform numbers, centred, has variance 1/3: normal enough, and exact on every machine,
        // where a logarithm or a cosine is not.
        let mut normal = || ((0..4).map(|_| uniform()).sum::<f32>() - 2.0) * 3f32.sqrt();
        (0..elements).map(|_| normal() * deviation).collect()
    })
}
