//! Rounding with error feedback: what rounding one weight of an output loses, the output's other weights make up for, as far as
//! their inputs go up and down together (GPTQ: Frantar et al., arXiv 2210.17323).
//!
//! ```text
//! H = second moments of the inputs, [inputs, inputs], a hundredth of their mean added to the diagonal
//! U = upper triangle with U^T U = H^-1
//! for each input i, for each output:
//!     number[i] = round(weight[i] / step)
//!     loss = (weight[i] - number[i] * step) / U[i, i]
//!     weight[i + 1 ..] -= loss * U[i, i + 1 ..]
//! ```

use nalgebra::{Cholesky, DMatrix};

/// What is added to the diagonal of the moments, relative to its mean: inputs that never vary would have no inverse.
const DAMPING: f64 = 0.01;
/// The largest number of 8 bits; -128 is not used.
const LARGEST: f32 = 127.0;

/// `values`, `[scales.len(), inputs]`, as whole numbers of steps `scales`, by `moments`, `[inputs, inputs]`; none if the
/// moments have no inverse.
pub fn round(values: &[f32], scales: &[f32], moments: &DMatrix<f32>) -> Option<Vec<i8>> {
    let inputs = moments.nrows();
    let mut damped = moments.map(f64::from);
    let mean = damped.trace() / inputs as f64;
    (0..inputs).for_each(|input| damped[(input, input)] += DAMPING * mean);
    let inverse = Cholesky::new(damped)?.inverse();
    // Column i of the lower triangle is row i of U: its numbers lie side by side.
    let lower = Cholesky::new(inverse)?.unpack().map(|value| value as f32);
    let mut numbers = Vec::with_capacity(values.len());
    for (row, scale) in values.chunks_exact(inputs).zip(scales) {
        let mut rest = row.to_vec();
        for input in 0..inputs {
            let number =
                if *scale > 0.0 { (rest[input] / scale).round().clamp(-LARGEST, LARGEST) } else { 0.0 };
            numbers.push(number as i8);
            let column = &lower.as_slice()[input * inputs..][input..inputs];
            let loss = (rest[input] - number * scale) / column[0];
            for (weight, share) in rest[input..].iter_mut().zip(column) {
                *weight -= loss * share;
            }
        }
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The squared error of what a row makes of inputs with these moments.
    fn error(values: &[f32], numbers: &[i8], scale: f32, moments: &DMatrix<f32>) -> f32 {
        let lost = values.iter().zip(numbers).map(|(value, number)| value - f32::from(*number) * scale);
        let lost = DMatrix::from_iterator(values.len(), 1, lost);
        (lost.transpose() * moments * lost)[(0, 0)]
    }

    #[test]
    fn inputs_that_go_together_make_up_for_each_other() {
        const INPUTS: usize = 24;
        // Half of each input is the same for all.
        let moments = DMatrix::from_fn(INPUTS, INPUTS, |row, column| if row == column { 1.0 } else { 0.5 });
        // Rounding to nearest loses all of these, and all in one direction.
        let values = [0.4f32; INPUTS];
        let numbers = round(&values, &[1.0], &moments).expect("an inverse");
        let (got, plain) =
            (error(&values, &numbers, 1.0, &moments), error(&values, &[0; INPUTS], 1.0, &moments));
        assert!(got < 0.2 * plain, "{got} of {plain}");
    }

    #[test]
    fn independent_inputs_are_rounded_to_nearest() {
        let numbers = round(&[0.2, -0.7, 3.4, 0.0, 0.0, 0.0], &[1.0, 0.0], &DMatrix::identity(3, 3));
        assert_eq!(numbers, Some(vec![0, -1, 3, 0, 0, 0]));
    }

    #[test]
    fn moments_without_an_inverse_are_told() {
        assert_eq!(round(&[1.0, 2.0], &[1.0], &DMatrix::zeros(2, 2)), None);
    }
}
