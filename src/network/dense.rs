//! Matrix-vector products straight from compressed weights, as a tract op.
//!
//! fc6 and fc7 are 89 percent of VGG-16's bytes and under 1 percent of its arithmetic: what counts is to read each
//! weight once, in the form it is stored in. Unpacking them to f32 would cost 480 MB.

use std::sync::Arc;

use tract_core::internal::*;

use super::weights::Weights;

/// Lanes kept apart in a dot product; the same in every build, so that all give the same bits.
const LANES: usize = 16;

/// `[1, out]` from any value with as many numbers as the matrix has columns.
#[derive(Clone, Debug)]
pub(super) struct Dense {
    matrix: Arc<Matrix>,
}

#[derive(Debug, PartialEq)]
struct Matrix {
    /// `[out, columns]`.
    weights: Weights,
    columns: usize,
    /// `[out]`.
    bias: Vec<f32>,
}

impl Dense {
    /// `weights` is `[bias.len(), columns]`; `None` if it is not.
    pub(super) fn new(weights: Weights, columns: usize, bias: Vec<f32>) -> Option<Dense> {
        let numbers = match &weights {
            Weights::F32(values) => values.len(),
            Weights::Int8 { scales, numbers } if scales.len() == bias.len() => numbers.len(),
            Weights::Int8 { .. } => return None,
        };
        let fits = columns > 0 && bias.len().checked_mul(columns) == Some(numbers);
        fits.then(|| Dense { matrix: Arc::new(Matrix { weights, columns, bias }) })
    }

    /// matrix * `input` + bias.
    fn apply(&self, input: &[f32]) -> Vec<f32> {
        let Matrix { weights, columns, bias } = &*self.matrix;
        match weights {
            Weights::F32(values) => {
                values.chunks(*columns).zip(bias).map(|(row, bias)| dot(row, input) + bias).collect()
            }
            Weights::Int8 { scales, numbers } => numbers
                .chunks(*columns)
                .zip(scales)
                .zip(bias)
                .map(|((row, scale), bias)| scale * dot(row, input) + bias)
                .collect(),
        }
    }
}

impl PartialEq for Dense {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.matrix, &other.matrix) || self.matrix == other.matrix
    }
}

impl Eq for Dense {}

impl Op for Dense {
    fn name(&self) -> StaticName {
        "Dense".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Dense {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = args_1!(inputs);
        let input = input.try_as_plain_ram()?;
        let output = self.apply(input.as_slice::<f32>()?);
        Ok(tvec!(Tensor::from_shape(&[1, output.len()], &output)?.into_tvalue()))
    }
}

impl TypedOp for Dense {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let numbers: TDim = inputs[0].shape.volume();
        ensure!(
            numbers == self.matrix.columns.to_dim(),
            "a dense layer reads as many numbers as it has columns"
        );
        Ok(tvec!(f32::fact([1, self.matrix.bias.len()])))
    }

    as_op!();
}

/// A stored weight that becomes f32 on the way.
trait Stored: Copy {
    fn to_f32(self) -> f32;
}

impl Stored for f32 {
    fn to_f32(self) -> f32 {
        self
    }
}

impl Stored for i8 {
    fn to_f32(self) -> f32 {
        f32::from(self)
    }
}

fn dot<W: Stored>(row: &[W], input: &[f32]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { dot_avx2(row, input) };
    }
    dot_in_lanes(row, input)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dot_avx2<W: Stored>(row: &[W], input: &[f32]) -> f32 {
    dot_in_lanes(row, input)
}

/// Written so that the compiler vectorises it; nothing is contracted to fused multiply-adds.
#[inline(always)]
fn dot_in_lanes<W: Stored>(row: &[W], input: &[f32]) -> f32 {
    let mut lanes = [0f32; LANES];
    let ((row, row_rest), (input, input_rest)) = (row.as_chunks::<LANES>(), input.as_chunks::<LANES>());
    for (weights, values) in row.iter().zip(input) {
        for lane in 0..LANES {
            lanes[lane] += weights[lane].to_f32() * values[lane];
        }
    }
    for (lane, (weight, value)) in row_rest.iter().zip(input_rest).enumerate() {
        lanes[lane] += weight.to_f32() * value;
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition.
    fn naive(rows: &[f32], columns: usize, bias: &[f32], input: &[f32]) -> Vec<f64> {
        rows.chunks(columns)
            .zip(bias)
            .map(|(row, bias)| {
                row.iter()
                    .zip(input)
                    .map(|(weight, value)| f64::from(*weight) * f64::from(*value))
                    .sum::<f64>()
                    + f64::from(*bias)
            })
            .collect()
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(
            columns in 1usize..90,
            rows in 1usize..6,
            seed in prop::collection::vec(-127i8..=127, 700),
        ) {
            let numbers: Vec<i8> = seed.iter().copied().cycle().take(rows * columns).collect();
            let input: Vec<f32> = seed.iter().rev().take(columns).map(|value| f32::from(*value) / 9.0).collect();
            let bias: Vec<f32> = (0..rows).map(|row| row as f32).collect();
            let scales: Vec<f32> = (0..rows).map(|row| 0.01 + row as f32).collect();
            let int8 = Weights::Int8 { scales, numbers };
            let values = int8.to_f32();
            let want = naive(&values, columns, &bias, &input);
            for weights in [int8, Weights::F32(values)] {
                let dense = Dense::new(weights, columns, bias.clone()).expect("sizes match");
                for (got, want) in dense.apply(&input).iter().zip(&want) {
                    prop_assert!((f64::from(*got) - want).abs() <= 1e-4 * (1.0 + want.abs()) * columns as f64);
                }
            }
        }
    }

    #[test]
    fn a_matrix_of_another_size_is_refused() {
        assert!(Dense::new(Weights::F32(vec![0.0; 5]), 2, vec![0.0; 2]).is_none());
        assert!(
            Dense::new(Weights::Int8 { scales: vec![1.0], numbers: vec![0; 4] }, 2, vec![0.0; 2]).is_none()
        );
    }
}
