//! Convolutions by this crate's own kernels.
//!
//! - 3x3 convolutions of many channels (this file, `fused.rs`): by Winograd's minimal filtering (Lavin and Gray,
//!   arXiv 1509.09308): F(4x4, 3x3), a quarter of the multiplications of the definition, and F(2x2, 3x3) where reading the
//!   weights takes longer than they do.
//! - The pointwise, depthwise and first convolutions of MobileNets: `plan.rs` says which layers are run as one, `separable.rs`
//!   how, `blocks.rs` in which form their values lie, `steps.rs` makes tract ops of them.
//!
//! Everything else a network does is tract's. Consecutive 3x3 convolutions, each with the ReLU and the 2x2 max-pool that may
//! follow it, is one tract op. Within it pictures are kept in blocks of 16 channels, `[channels / 16, height, width, 16]` with
//! a border of zeros, so that every transform and every store is of whole vectors and no picture is converted between layers;
//! scratch memory belongs to the thread and is reused from photo to photo.

mod blocks;
mod fused;
mod kernel;
mod plan;
mod plane;
mod separable;
mod steps;
mod weights;

use std::cell::RefCell;
use std::sync::Arc;

use tract_core::internal::*;

pub use fused::ConvLayer;
pub(super) use fused::{FusedLayers, fused_layers};
use kernel::aligned_buffer::AlignedBuffer;
pub use kernel::multiply_adds;
use kernel::{Isa, Job};
pub(super) use plan::{Group, groups};
use plane::Plane;
pub(super) use steps::{Blocks, global_pool, to_blocks, to_plain};
use weights::{Packed, direct, winograd};

use super::weights::Weights;

/// Inputs of so few channels (a photo) are convolved by the definition: their blocks would be nearly all padding.
const FEW_CHANNELS: usize = 4;
/// Pictures of so few tiles of 4x4 multiply each weight so few times that reading it takes longer.
const FEW_TILES: usize = 16;
/// The tiles transformed at a time take about this many bytes, so that they stay in the second level cache.
const TILES_BYTES: usize = 1 << 20;

/// One convolution, with what follows it.
#[derive(Debug, PartialEq)]
struct PreparedConv {
    method: Method,
    /// Of the picture that is read, `[channels, height, width]`.
    input: [usize; 3],
    /// Channels made.
    outputs: usize,
    weights: Packed,
    /// `[outputs]`, zeros up to a whole block.
    bias: AlignedBuffer,
    relu: bool,
    pool: bool,
}

/// How a convolution is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    /// By the definition.
    Direct,
    /// In tiles of 4x4: a quarter of the multiplications, four times the weights.
    F4x4,
    /// In tiles of 2x2: four ninths of the multiplications, less than twice the weights.
    F2x2,
}

impl Method {
    fn of([channels, height, width]: [usize; 3], is_first: bool, pool: bool) -> Method {
        if channels <= FEW_CHANNELS && is_first && !pool {
            Method::Direct
        } else if height.div_ceil(4) * width.div_ceil(4) <= FEW_TILES {
            Method::F2x2
        } else {
            Method::F4x4
        }
    }

    /// Side of a tile.
    fn tile(self) -> usize {
        match self {
            Method::Direct => 1,
            Method::F2x2 => 2,
            Method::F4x4 => 4,
        }
    }

    /// Products that a tile takes for each pair of channels.
    fn points(self) -> usize {
        (self.tile() + 2).pow(2)
    }
}

/// A convolution to prepare: `weights` `[outputs, inputs, 3, 3]`, `bias` `[outputs]`.
pub struct ConvWeights {
    /// As stored: they are taken to f32 an output at a time.
    pub weights: Weights,
    /// A number for each output.
    pub bias: Vec<f32>,
    /// What follows it.
    pub conv: ConvLayer,
}

#[derive(Debug, PartialEq)]
struct PreparedConvs {
    isa: Isa,
    convs: Vec<PreparedConv>,
}

/// Fused convolutions, an operation of tract's plan: from `[1, channels, height, width]` to the same of the last one.
#[derive(Clone, Debug)]
pub struct FusedConvs(Arc<PreparedConvs>);

#[derive(Default)]
struct Scratch {
    /// What a convolution reads, and what it writes.
    planes: [AlignedBuffer; 2],
    tiles: AlignedBuffer,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl FusedConvs {
    /// The convolutions `layers` one after the other on a picture `[channels, height, width]`.
    ///
    /// Each is taken once the one before it is in the kernels' form, so that the weights of one at most are there twice.
    ///
    /// # Errors
    /// Those of `layers`, and when the convolutions do not fit each other.
    pub fn new(
        input: [usize; 3],
        layers: impl IntoIterator<Item = TractResult<ConvWeights>>,
    ) -> TractResult<FusedConvs> {
        FusedConvs::with(Isa::best(), input, layers)
    }

    fn with(
        isa: Isa,
        input: [usize; 3],
        layers: impl IntoIterator<Item = TractResult<ConvWeights>>,
    ) -> TractResult<FusedConvs> {
        let mut convs = Vec::new();
        let mut shape = input;
        for layer in layers {
            let ConvWeights { weights, bias, conv } = layer?;
            let outputs = bias.len();
            let fits =
                outputs > 0 && shape[0].checked_mul(9).is_some_and(|depth| weights.are(outputs, depth));
            ensure!(fits && !shape.contains(&0), "weights and biases of the convolutions do not fit");
            let method = Method::of(shape, convs.is_empty(), conv.pool);
            let weights = match method {
                Method::Direct => direct(&weights, shape[0], outputs, isa.panel()),
                _ => winograd(&weights, shape[0], outputs, isa.panel(), method),
            };
            let bias = AlignedBuffer::from(&bias);
            let convolution = PreparedConv {
                method,
                input: shape,
                outputs,
                weights,
                bias,
                relu: conv.relu,
                pool: conv.pool,
            };
            shape = convolution.output();
            convs.push(convolution);
        }
        ensure!(!convs.is_empty() && !shape.contains(&0), "the convolutions leave nothing of the picture");
        Ok(FusedConvs(Arc::new(PreparedConvs { isa, convs })))
    }

    /// The arithmetic of the first convolution alone, on what is in memory: for the bench, where packing the picture would count.
    pub fn first_stage(&self) {
        SCRATCH.with_borrow_mut(|Scratch { planes: [read, write], tiles }| {
            let convolution = &self.0.convs[0];
            read.grow(Plane::of(convolution.input).len());
            convolution.plane().prepare(write);
            tiles.grow(convolution.scratch(self.0.isa));
            kernel::run(self.0.isa, &convolution.job(self.0.isa), read, write, tiles);
        });
    }

    fn input(&self) -> [usize; 3] {
        self.0.convs[0].input
    }

    fn output(&self) -> [usize; 3] {
        self.0.convs[self.0.convs.len() - 1].output()
    }

    /// `input` and `output` are pictures, `[channels, height, width]`, row-major.
    fn apply(&self, input: &[f32], output: &mut [f32]) {
        SCRATCH.with_borrow_mut(|scratch| {
            let Scratch { planes: [read, write], tiles } = scratch;
            let first = &self.0.convs[0];
            debug_assert_eq!(input.len(), first.input.iter().product::<usize>());
            match first.method {
                Method::Direct => plane::frame(input, first.input, read),
                _ => Plane::of(first.input).pack(input, first.input[0], read),
            }
            for convolution in &self.0.convs {
                convolution.plane().prepare(write);
                tiles.grow(convolution.scratch(self.0.isa));
                kernel::run(self.0.isa, &convolution.job(self.0.isa), read, write, tiles);
                std::mem::swap(read, write);
            }
            let last = self.output();
            Plane::of(last).unpack(read, last[0], output);
        });
    }
}

impl PreparedConv {
    fn output(&self) -> [usize; 3] {
        let [_, height, width] = self.input;
        let divisor = if self.pool { 2 } else { 1 };
        [self.outputs, height / divisor, width / divisor]
    }

    /// Where it writes.
    fn plane(&self) -> Plane {
        Plane::of(self.output())
    }

    fn job(&self, isa: Isa) -> Job<'_> {
        Job {
            method: self.method,
            inputs: self.input[0],
            read: Plane::of(self.input),
            write: self.plane(),
            weights: &self.weights,
            bias: &self.bias,
            relu: self.relu,
            pool: self.pool,
            tiles: self.tiles(isa),
        }
    }

    /// How many tiles are transformed at a time: blocks of equal size, in whole groups of the kernel's rows if possible.
    fn tiles(&self, isa: Isa) -> usize {
        let side = self.method.tile();
        let all = self.input[1].div_ceil(side) * self.input[2].div_ceil(side);
        let channels = (self.input[0].div_ceil(16) + self.outputs.div_ceil(16)) * 16;
        let most = (TILES_BYTES / (self.method.points() * 4 * channels)).max(2 * isa.rows());
        all.div_ceil(all.div_ceil(most)).next_multiple_of(isa.rows()).min(all)
    }

    /// Cache lines of scratch memory a job needs.
    fn scratch(&self, isa: Isa) -> usize {
        match self.method {
            Method::Direct => 0,
            _ => kernel::scratch(&self.job(isa)),
        }
    }
}

impl PartialEq for FusedConvs {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Eq for FusedConvs {}

impl Op for FusedConvs {
    fn name(&self) -> StaticName {
        "FusedConvs".into()
    }

    op_as_typed_op!();
}

impl EvalOp for FusedConvs {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = args_1!(inputs);
        let input = input.try_as_plain_ram()?;
        let [channels, height, width] = self.output();
        let mut output = vec![0f32; channels * height * width];
        self.apply(input.as_slice::<f32>()?, &mut output);
        Ok(tvec!(Tensor::from_shape(&[1, channels, height, width], &output)?.into_tvalue()))
    }
}

impl TypedOp for FusedConvs {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [channels, height, width] = self.input();
        let shape: ShapeFact = [1, channels, height, width].into();
        ensure!(inputs[0].shape == shape, "convolutions for another picture");
        let [channels, height, width] = self.output();
        Ok(tvec!(f32::fact([1, channels, height, width])))
    }

    as_op!();
}

#[cfg(test)]
mod tests;
