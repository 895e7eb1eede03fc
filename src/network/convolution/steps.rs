//! From groups of layers to the tract ops that run them.

use std::collections::HashMap;
use std::sync::Arc;

use tract_core::internal::*;

use super::super::weights::Weights;
use super::blocks::{GlobalPool, StepOp, ToBlocks, ToPlain};
use super::kernel::{DepthwiseWeights, Isa, PointwiseWeights};
use super::plan::{Group, Kind};
use super::separable::{Depthwise, First, Pointwise, pack_depthwise, pack_pointwise};

/// A value `[channels, height, width]` into blocks of 16 channels.
pub fn to_blocks(shape: [usize; 3]) -> StepOp {
    StepOp::new(ToBlocks(shape))
}

/// A value `[channels, height, width]` from blocks of 16 channels.
pub fn to_plain(shape: [usize; 3]) -> StepOp {
    StepOp::new(ToPlain(shape))
}

/// The mean or the largest over height and width of a value `[channels, height, width]` in blocks, plain.
pub fn global_pool(shape: [usize; 3], largest: bool) -> StepOp {
    StepOp::new(GlobalPool { shape, largest })
}

/// Weights in the kernels' form by their tensors and depth: once in memory, however many layers read them.
#[derive(Default)]
pub struct Blocks {
    pointwise: HashMap<([usize; 2], usize), (Arc<PointwiseWeights>, usize)>,
    depthwise: HashMap<[usize; 2], (Arc<Vec<DepthwiseWeights>>, usize)>,
}

impl Group {
    /// Whether it reads a plain value rather than one in blocks.
    pub fn reads_plain(&self) -> bool {
        matches!(self.kind, Kind::First(_))
    }
}

impl Blocks {
    /// The op of `group` on a value `input`, `[channels, height, width]`, and the shape of what it makes.
    ///
    /// # Errors
    /// Those of `weights`, and when shapes do not fit.
    pub fn step(
        &mut self,
        group: &Group,
        input: [usize; 3],
        weights: &mut impl FnMut(usize) -> TractResult<Weights>,
    ) -> TractResult<(StepOp, [usize; 3])> {
        let [channels, height, width] = input;
        ensure!(channels > 0 && height > 0 && width > 0, "an empty picture");
        let (tensors, limits) = (group.tensors, group.limits);
        match group.kind {
            Kind::First(window) => {
                let window_size = window.kernel[0].checked_mul(window.kernel[1]);
                let depth =
                    window_size.and_then(|size| size.checked_mul(channels)).context("windows that large")?;
                let (weights, outputs) = self.pointwise(tensors, depth, weights)?;
                let [rows, columns] = window.places([height, width])?;
                let made = [outputs, rows, columns];
                Ok((StepOp::new(First { input, made, window, weights, limits }), made))
            }
            Kind::Pointwise => {
                let (weights, outputs) = self.pointwise(tensors, channels, weights)?;
                let adds = group.added.is_some();
                let step = Pointwise { input, outputs, weights, limits, adds };
                let made = step.made();
                Ok((StepOp::new(step), made))
            }
            Kind::Depthwise(window) => {
                let (expansion, expanded) = match group.expansion {
                    Some((tensors, limits)) => {
                        let (weights, outputs) = self.pointwise(tensors, channels, weights)?;
                        (Some((weights, limits)), outputs)
                    }
                    None => (None, channels),
                };
                let (weights, outputs) = self.depthwise(tensors, weights)?;
                ensure!(outputs == expanded, "{expanded} channels in, weights for {outputs}");
                let [rows, columns] = window.places([height, width])?;
                let made = [outputs, rows, columns];
                let isa = Isa::best();
                Ok((StepOp::new(Depthwise { input, made, expansion, window, isa, weights, limits }), made))
            }
        }
    }

    /// The weights and how many channels they make.
    fn pointwise(
        &mut self,
        tensors: [usize; 2],
        depth: usize,
        weights: &mut impl FnMut(usize) -> TractResult<Weights>,
    ) -> TractResult<(Arc<PointwiseWeights>, usize)> {
        let key = (tensors, depth);
        if let Some(packed) = self.pointwise.get(&key) {
            return Ok(packed.clone());
        }
        let [values, bias] = [weights(tensors[0])?, weights(tensors[1])?];
        let bias = bias.into_f32();
        let packed = (Arc::new(pack_pointwise(Isa::best(), &values, depth, &bias)?), bias.len());
        self.pointwise.insert(key, packed.clone());
        Ok(packed)
    }

    /// The weights and how many channels they are for.
    fn depthwise(
        &mut self,
        tensors: [usize; 2],
        weights: &mut impl FnMut(usize) -> TractResult<Weights>,
    ) -> TractResult<(Arc<Vec<DepthwiseWeights>>, usize)> {
        if let Some(packed) = self.depthwise.get(&tensors) {
            return Ok(packed.clone());
        }
        let [values, bias] = [weights(tensors[0])?, weights(tensors[1])?];
        let bias = bias.into_f32();
        let packed = (Arc::new(pack_depthwise(&values, &bias)?), bias.len());
        self.depthwise.insert(tensors, packed.clone());
        Ok(packed)
    }
}
