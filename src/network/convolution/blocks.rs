//! Values in blocks of 16 channels, `[1, blocks, height, width, 16]`, the channels beyond the last 0: the form in which
//! pointwise and depthwise convolutions read and write whole vectors, whatever a picture's sides. Between such layers nothing is
//! converted.

use std::fmt::Debug;
use std::sync::Arc;

use tract_core::internal::*;

/// Alignment of what a step writes, in bytes: a cache line.
const ALIGNMENT: usize = 64;

/// The shape of a value `[channels, height, width]` in blocks.
pub fn in_blocks([channels, height, width]: [usize; 3]) -> TVec<usize> {
    tvec!(1, channels.div_ceil(16), height, width, 16)
}

/// The shape of a value `[channels, height, width]` as tract's own operations have it.
pub fn plain([channels, height, width]: [usize; 3]) -> TVec<usize> {
    tvec!(1, channels, height, width)
}

/// What one tract op of this crate does: from f32 values of fixed shapes to one.
pub trait Step: Debug + Send + Sync + 'static {
    /// Shapes of what it reads.
    fn inputs(&self) -> TVec<TVec<usize>>;
    /// Shape of what it makes.
    fn output(&self) -> TVec<usize>;
    /// Writes every number of `output`. The slices are of the shapes above.
    fn run(&self, inputs: &[&[f32]], output: &mut [f32]);
}

/// A step as a tract op.
#[derive(Clone, Debug)]
pub struct StepOp(Arc<dyn Step>);

impl StepOp {
    /// Runs `step`.
    pub fn new(step: impl Step) -> StepOp {
        StepOp(Arc::new(step))
    }
}

impl PartialEq for StepOp {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for StepOp {}

impl Op for StepOp {
    fn name(&self) -> StaticName {
        "Lookalike".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        Ok(vec![format!("{:?}", self.0)])
    }

    op_as_typed_op!();
}

impl EvalOp for StepOp {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let plain = inputs.iter().map(|input| input.try_as_plain_ram()).collect::<TractResult<Vec<_>>>()?;
        let slices = plain.iter().map(|input| input.as_slice::<f32>()).collect::<TractResult<Vec<_>>>()?;
        let mut output = Tensor::zero_aligned::<f32>(&self.0.output(), ALIGNMENT)?;
        self.0.run(&slices, output.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?);
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for StepOp {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let expected = self.0.inputs();
        ensure!(inputs.len() == expected.len(), "{} inputs, not {}", expected.len(), inputs.len());
        for (input, expected) in inputs.iter().zip(&expected) {
            let shape: ShapeFact = expected.iter().collect();
            ensure!(input.shape == shape, "reads {expected:?}, not {:?}", input.shape);
        }
        Ok(tvec!(f32::fact(self.0.output())))
    }

    as_op!();
}

/// Into blocks from plain.
#[derive(Debug)]
pub struct ToBlocks(pub [usize; 3]);

impl Step for ToBlocks {
    fn inputs(&self) -> TVec<TVec<usize>> {
        tvec!(plain(self.0))
    }

    fn output(&self) -> TVec<usize> {
        in_blocks(self.0)
    }

    fn run(&self, inputs: &[&[f32]], output: &mut [f32]) {
        let pixels = self.0[1] * self.0[2];
        for (planes, block) in inputs[0].chunks(16 * pixels).zip(output.chunks_exact_mut(16 * pixels)) {
            for (pixel, block) in block.as_chunks_mut::<16>().0.iter_mut().enumerate() {
                block.fill(0.0);
                for (lane, plane) in block.iter_mut().zip(planes.chunks_exact(pixels)) {
                    *lane = plane[pixel];
                }
            }
        }
    }
}

/// From blocks to plain.
#[derive(Debug)]
pub struct ToPlain(pub [usize; 3]);

impl Step for ToPlain {
    fn inputs(&self) -> TVec<TVec<usize>> {
        tvec!(in_blocks(self.0))
    }

    fn output(&self) -> TVec<usize> {
        plain(self.0)
    }

    fn run(&self, inputs: &[&[f32]], output: &mut [f32]) {
        let pixels = self.0[1] * self.0[2];
        for (block, planes) in inputs[0].chunks_exact(16 * pixels).zip(output.chunks_mut(16 * pixels)) {
            for (pixel, block) in block.as_chunks::<16>().0.iter().enumerate() {
                for (lane, plane) in block.iter().zip(planes.chunks_exact_mut(pixels)) {
                    plane[pixel] = *lane;
                }
            }
        }
    }
}

/// Mean or largest over height and width of a value in blocks: `[1, channels, 1, 1]`.
#[derive(Debug)]
pub struct GlobalPool {
    /// Of what is read, `[channels, height, width]`.
    pub shape: [usize; 3],
    /// The largest, or else the mean.
    pub largest: bool,
}

impl Step for GlobalPool {
    fn inputs(&self) -> TVec<TVec<usize>> {
        tvec!(in_blocks(self.shape))
    }

    fn output(&self) -> TVec<usize> {
        tvec!(1, self.shape[0], 1, 1)
    }

    fn run(&self, inputs: &[&[f32]], output: &mut [f32]) {
        let pixels = self.shape[1] * self.shape[2];
        for (block, output) in inputs[0].chunks_exact(16 * pixels).zip(output.chunks_mut(16)) {
            let block = block.as_chunks::<16>().0;
            let mut pooled = [if self.largest { f32::NEG_INFINITY } else { 0.0 }; 16];
            // Row by row: a sum of few terms at a time loses less.
            for row in block.chunks(self.shape[2]) {
                let mut sums = [0f32; 16];
                for pixel in row {
                    for ((sum, largest), value) in sums.iter_mut().zip(&mut pooled).zip(pixel) {
                        if self.largest {
                            *largest = largest.max(*value);
                        } else {
                            *sum += value;
                        }
                    }
                }
                if !self.largest {
                    pooled.iter_mut().zip(sums).for_each(|(pooled, sum)| *pooled += sum);
                }
            }
            let share = if self.largest { 1.0 } else { 1.0 / pixels as f32 };
            output.iter_mut().zip(pooled).for_each(|(output, pooled)| *output = pooled * share);
        }
    }
}
