//! The weights of a convolution as the kernels read them, made once when a network is loaded.
//!
//! Output channels are cut into panels of as many as a kernel keeps in registers; within a panel the weights of one input
//! lie side by side, in the order they are read.

use super::super::weights::Weights;
use super::Method;
use super::kernel::aligned_buffer::AlignedBuffer;

/// G: what takes three taps to six points or four (arXiv 1509.09308, sections 4.3 and 4.1).
const G_4X4: [[f64; 3]; 6] = [
    [1.0 / 4.0, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];
const G_2X2: [[f64; 3]; 4] =
    [[1.0, 0.0, 0.0], [1.0 / 2.0, 1.0 / 2.0, 1.0 / 2.0], [1.0 / 2.0, -1.0 / 2.0, 1.0 / 2.0], [0.0, 0.0, 1.0]];

/// Weights in the order they are read, `[points, panels, inputs, panel]` for Winograd's algorithm,
/// `[panels, inputs * 9, panel]` for the definition.
#[derive(Debug, PartialEq)]
pub enum Packed {
    /// As they are.
    F32(AlignedBuffer),
    /// weight = scale * number, for [`Method::F2x2`] of weights that are stored in 8 bits, whose rounding is 1/256 of theirs.
    /// F(4x4, 3x3) makes 30 times as much of it, which is too much.
    I16 {
        /// 32 a line.
        numbers: AlignedBuffer,
        /// `[points, outputs]`, outputs in whole blocks of 16.
        scales: AlignedBuffer,
    },
}

impl Packed {
    /// Whether there are as many weights and, if the kind has them, scales.
    pub fn hold(&self, weights: usize, scales: usize) -> bool {
        match self {
            Packed::F32(lines) => weights <= lines.len() * 16,
            Packed::I16 { numbers, scales: lines } => {
                weights <= numbers.len() * 32 && scales <= lines.len() * 16
            }
        }
    }
}

/// G g G^T of every kernel g of `weights` `[outputs, inputs, 3, 3]`, inputs and outputs in whole blocks of 16.
pub fn winograd(weights: &Weights, inputs: usize, outputs: usize, panel: usize, method: Method) -> Packed {
    let (depth, width) = (inputs.next_multiple_of(16), outputs.next_multiple_of(16));
    let points = method.points();
    let mut packed = match weights {
        Weights::Int8 { .. } if method == Method::F2x2 => Packed::I16 {
            numbers: AlignedBuffer::zeros(points * depth * width / 32),
            scales: AlignedBuffer::zeros(points * width / 16),
        },
        _ => Packed::F32(AlignedBuffer::zeros(points * depth * width / 16)),
    };
    // Of one output: `[points, inputs]`.
    let mut transformed = vec![0f32; points * inputs];
    for output in 0..outputs {
        for (input, kernel) in weights.row(output, inputs * 9).chunks_exact(9).enumerate() {
            let mut set = |point: usize, value: f64| transformed[point * inputs + input] = value as f32;
            match method {
                Method::F2x2 => transform(&G_2X2, kernel, &mut set),
                _ => transform(&G_4X4, kernel, &mut set),
            }
        }
        for (point, row) in transformed.chunks_exact(inputs).enumerate() {
            let at = |input| point * depth * width + place(output, input, width, depth, panel);
            match &mut packed {
                Packed::F32(lines) => {
                    let values = lines.values_mut();
                    row.iter().enumerate().for_each(|(input, value)| values[at(input)] = *value);
                }
                Packed::I16 { numbers, scales } => {
                    let largest = row.iter().fold(0f32, |largest, value| largest.max(value.abs()));
                    scales.values_mut()[point * width + output] = largest / f32::from(i16::MAX);
                    let scale = if largest > 0.0 { f32::from(i16::MAX) / largest } else { 0.0 };
                    let numbers = numbers.shorts_mut();
                    row.iter().enumerate().for_each(|(input, value)| {
                        numbers[at(input)] = (value * scale).round() as i16;
                    });
                }
            }
        }
    }
    packed
}

/// Sets each point of G g G^T of one kernel g.
fn transform<const P: usize>(g: &[[f64; 3]; P], kernel: &[f32], set: &mut impl FnMut(usize, f64)) {
    for (down, column) in g.iter().enumerate() {
        let half: [f64; 3] = std::array::from_fn(|across| {
            (0..3).map(|tap| column[tap] * f64::from(kernel[tap * 3 + across])).sum()
        });
        for (across, row) in g.iter().enumerate() {
            set(down * P + across, (0..3).map(|tap| half[tap] * row[tap]).sum());
        }
    }
}

/// By the definition: `weights` `[outputs, inputs, 3, 3]`, outputs in whole blocks of 16.
pub fn direct(weights: &Weights, inputs: usize, outputs: usize, panel: usize) -> Packed {
    let (depth, width) = (inputs * 9, outputs.next_multiple_of(16));
    let mut lines = AlignedBuffer::zeros(depth * width / 16);
    let packed = lines.values_mut();
    for output in 0..outputs {
        for (tap, weight) in weights.row(output, depth).iter().enumerate() {
            packed[place(output, tap, width, depth, panel)] = *weight;
        }
    }
    Packed::F32(lines)
}

/// Where the weight from one of `depth` inputs to `output` lies; the last panel may be a single block of 16.
pub fn place(output: usize, input: usize, width: usize, depth: usize, panel: usize) -> usize {
    let start = output / panel * panel;
    start * depth + input * panel.min(width - start) + (output - start)
}
