//! The weights of a convolution as the kernels read them, made once when a network is loaded.
//!
//! Output channels are cut into panels of as many as a kernel keeps in registers; within a panel the weights of one input
//! lie side by side, in the order they are read.

use super::super::weights::Weights;
use super::kernel::memory::Lines;

/// G of F(4x4, 3x3): what takes three taps to six points (arXiv 1509.09308, section 4.3).
const G: [[f64; 3]; 6] = [
    [1.0 / 4.0, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];

/// G g G^T of every kernel g of `weights` `[outputs, inputs, 3, 3]`: `[36, panels, inputs, panel]`, inputs and outputs in
/// whole blocks of 16.
pub fn winograd(weights: &Weights, inputs: usize, outputs: usize, panel: usize) -> Lines {
    let (depth, width) = (inputs.next_multiple_of(16), outputs.next_multiple_of(16));
    let mut lines = Lines::zeros(36 * depth * width / 16);
    let transformed = lines.values_mut();
    for output in 0..outputs {
        for (input, kernel) in weights.row(output, inputs * 9).chunks_exact(9).enumerate() {
            let at = place(output, input, width, depth, panel);
            let mut half = [[0f64; 3]; 6];
            for (row, half) in G.iter().zip(&mut half) {
                for (column, half) in half.iter_mut().enumerate() {
                    *half = (0..3).map(|tap| row[tap] * f64::from(kernel[tap * 3 + column])).sum();
                }
            }
            for (down, half) in half.iter().enumerate() {
                for (across, row) in G.iter().enumerate() {
                    let value: f64 = (0..3).map(|tap| half[tap] * row[tap]).sum();
                    transformed[(down * 6 + across) * depth * width + at] = value as f32;
                }
            }
        }
    }
    lines
}

/// `[panels, inputs * 9, panel]` of `weights` `[outputs, inputs, 3, 3]`, outputs in whole blocks of 16.
pub fn direct(weights: &Weights, inputs: usize, outputs: usize, panel: usize) -> Lines {
    let (depth, width) = (inputs * 9, outputs.next_multiple_of(16));
    let mut lines = Lines::zeros(depth * width / 16);
    let packed = lines.values_mut();
    for output in 0..outputs {
        for (tap, weight) in weights.row(output, depth).iter().enumerate() {
            packed[place(output, tap, width, depth, panel)] = *weight;
        }
    }
    lines
}

/// Where the weight from one of `depth` inputs to `output` lies; the last panel may be a single block of 16.
fn place(output: usize, input: usize, width: usize, depth: usize, panel: usize) -> usize {
    let start = output / panel * panel;
    start * depth + input * panel.min(width - start) + (output - start)
}
