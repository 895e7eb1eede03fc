//! Products of a matrix and vectors straight from compressed weights, by themselves or as a tract op.
//!
//! fc6 and fc7 are 89 percent of VGG-16's bytes and under 1 percent of its arithmetic: what counts is to read each
//! weight once, in the form it is stored in, for all photos that are embedded together. Unpacking them to f32 would cost
//! 480 MB.

use std::sync::Arc;

use tract_core::internal::*;

use super::weights::Weights;

/// Lanes kept apart in a dot product; the same in every build, so that all give the same bits.
const LANES: usize = 16;

/// How many vectors a row of weights is multiplied with while it is in registers.
const TOGETHER: usize = 4;

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
    /// `weights` is `[bias.len(), columns]`.
    ///
    /// # Errors
    /// If it is not.
    pub(super) fn new(weights: Weights, columns: usize, bias: Vec<f32>) -> TractResult<Dense> {
        let fits = columns > 0 && weights.are(bias.len(), columns);
        ensure!(fits, "weights and bias of a dense layer do not fit, or not what it reads");
        Ok(Dense { matrix: Arc::new(Matrix { weights, columns, bias }) })
    }

    /// How many numbers it makes.
    pub(super) fn out(&self) -> usize {
        self.matrix.bias.len()
    }

    /// matrix * vector + bias of each vector of `inputs`, `[n, columns]`: `[n, out]`.
    pub(super) fn apply(&self, inputs: &[f32]) -> Vec<f32> {
        let Matrix { weights, columns, bias } = &*self.matrix;
        let mut made = vec![0f32; inputs.len() / columns * bias.len()];
        match weights {
            Weights::F32(values) => product(values, |_| 1.0, bias, inputs, *columns, &mut made),
            Weights::Int8 { scales, numbers } => {
                product(numbers, |row| scales[row], bias, inputs, *columns, &mut made);
            }
        }
        made
    }
}

/// Writes scale * row * vector + bias of each row of `rows`, `[bias.len(), columns]`, and each vector of `inputs` to `made`,
/// `[n, bias.len()]`.
fn product<W: Stored>(
    rows: &[W],
    scale: impl Fn(usize) -> f32,
    bias: &[f32],
    inputs: &[f32],
    columns: usize,
    made: &mut [f32],
) {
    let out = bias.len();
    for (number, (row, bias)) in rows.chunks_exact(columns).zip(bias).enumerate() {
        for (inputs, made) in inputs.chunks(TOGETHER * columns).zip(made.chunks_mut(TOGETHER * out)) {
            // The same lanes however many go together: a photo's embedding does not depend on those beside it.
            let mut set = |vector: usize, dot: f32| made[vector * out + number] = scale(number) * dot + bias;
            if inputs.len() == TOGETHER * columns {
                let vectors = std::array::from_fn(|vector| &inputs[vector * columns..(vector + 1) * columns]);
                let dots: [f32; TOGETHER] = dot(row, vectors);
                dots.into_iter().enumerate().for_each(|(vector, dot)| set(vector, dot));
            } else {
                for (vector, input) in inputs.chunks_exact(columns).enumerate() {
                    let [one] = dot(row, [input]);
                    set(vector, one);
                }
            }
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
        Ok(tvec!(f32::fact([1, self.out()])))
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

fn dot<W: Stored, const COUNT: usize>(row: &[W], inputs: [&[f32]; COUNT]) -> [f32; COUNT] {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { dot_avx2(row, inputs) };
    }
    dot_in_lanes(row, inputs)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dot_avx2<W: Stored, const COUNT: usize>(row: &[W], inputs: [&[f32]; COUNT]) -> [f32; COUNT] {
    dot_in_lanes(row, inputs)
}

/// Written so that the compiler vectorises it; nothing is contracted to fused multiply-adds.
#[inline(always)]
fn dot_in_lanes<W: Stored, const COUNT: usize>(row: &[W], inputs: [&[f32]; COUNT]) -> [f32; COUNT] {
    let mut sums = [[0f32; LANES]; COUNT];
    let (row, row_rest) = row.as_chunks::<LANES>();
    let chunked = inputs.map(|input| input.as_chunks::<LANES>());
    for (at, weights) in row.iter().enumerate() {
        let weights = weights.map(Stored::to_f32);
        for (sums, (input, _)) in sums.iter_mut().zip(&chunked) {
            let values = &input[at];
            for lane in 0..LANES {
                sums[lane] += weights[lane] * values[lane];
            }
        }
    }
    for (sums, (_, rest)) in sums.iter_mut().zip(&chunked) {
        for ((lane, weight), value) in sums.iter_mut().zip(row_rest).zip(*rest) {
            *lane += weight.to_f32() * value;
        }
    }
    sums.map(|lanes| lanes.iter().sum())
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
            vectors in 1usize..10,
            seed in prop::collection::vec(-127i8..=127, 700),
        ) {
            let numbers: Vec<i8> = seed.iter().copied().cycle().take(rows * columns).collect();
            let cycle = seed.iter().rev().cycle().map(|value| f32::from(*value) / 9.0);
            let inputs: Vec<f32> = cycle.take(vectors * columns).collect();
            let bias: Vec<f32> = (0..rows).map(|row| row as f32).collect();
            let scales: Vec<f32> = (0..rows).map(|row| 0.01 + row as f32).collect();
            let int8 = Weights::Int8 { scales, numbers };
            let values = int8.clone().into_f32();
            for weights in [int8, Weights::F32(values.clone())] {
                let dense = Dense::new(weights, columns, bias.clone()).expect("sizes match");
                let together = dense.apply(&inputs);
                for (input, got) in inputs.chunks(columns).zip(together.chunks(rows)) {
                    prop_assert_eq!(&dense.apply(input)[..], got, "alone the same to the bit");
                    for (got, want) in got.iter().zip(naive(&values, columns, &bias, input)) {
                        prop_assert!((f64::from(*got) - want).abs() <= 1e-4 * (1.0 + want.abs()) * columns as f64);
                    }
                }
            }
        }
    }

    #[test]
    fn a_matrix_of_another_size_is_refused() {
        assert!(Dense::new(Weights::F32(vec![0.0; 5]), 2, vec![0.0; 2]).is_err());
        let int8 = Weights::Int8 { scales: vec![1.0], numbers: vec![0; 4] };
        assert!(Dense::new(int8, 2, vec![0.0; 2]).is_err());
    }
}
