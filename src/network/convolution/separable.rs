//! The layers of MobileNets (Howard et al., arXiv 1704.04861; Sandler et al., arXiv 1801.04381): pointwise (1x1) and depthwise
//! 3x3 convolutions and the first one, of a photo's three channels, each with the ReLU that follows it.
//!
//! ```text
//! depthwise convolution with its expansion, an inverted residual block's first two thirds:
//!     for each block of 16 expanded channels
//!         frame = expansion of the input to these channels, zeros around      stays in the cache
//!         output block = depthwise convolution of the frame
//! first convolution:
//!     for each row of the output
//!         patches = what each window of the row reads                         stays in the cache
//!         output row = patches times weights, a pointwise convolution
//! ```

use std::cell::RefCell;
use std::sync::Arc;

use tract_core::internal::*;

use super::super::weights::Weights;
use super::blocks::{Step, in_blocks, plain};
use super::kernel::aligned_buffer::AlignedBuffer;
use super::kernel::{
    self, DepthwiseJob, DepthwiseWeights, Isa, Limits, PointwiseJob, PointwiseWeights, Target,
};
use super::weights::place;

/// Side of a depthwise convolution's window.
const SIDE: usize = 3;

thread_local! {
    /// A frame or the patches of a row; kept from photo to photo.
    static SCRATCH: RefCell<AlignedBuffer> = RefCell::default();
}

/// `weights` `[outputs, depth]` and `bias` `[outputs]` in the order that the kernel of `isa` reads them.
///
/// # Errors
/// When they are not of this size.
pub fn pack_pointwise(
    isa: Isa,
    weights: &Weights,
    depth: usize,
    bias: &[f32],
) -> TractResult<PointwiseWeights> {
    let outputs = bias.len();
    ensure!(
        outputs > 0 && depth > 0 && weights.are(outputs, depth),
        "weights and biases of a convolution do not fit, or not what it reads"
    );
    let (blocks, width) = (outputs.div_ceil(16), outputs.next_multiple_of(16));
    let mut values = AlignedBuffer::zeros(depth * blocks);
    let packed = values.values_mut();
    for output in 0..outputs {
        for (input, weight) in weights.row(output, depth).iter().enumerate() {
            packed[place(output, input, width, depth, isa.pointwise_panel())] = *weight;
        }
    }
    let mut padded = AlignedBuffer::zeros(blocks);
    padded.values_mut()[..outputs].copy_from_slice(bias);
    Ok(PointwiseWeights { isa, values, bias: padded, depth, blocks })
}

/// `weights` `[channels, 1, 3, 3]` and `bias` `[channels]` by blocks.
///
/// # Errors
/// When they are not of this size.
pub fn pack_depthwise(weights: &Weights, bias: &[f32]) -> TractResult<Vec<DepthwiseWeights>> {
    let channels = bias.len();
    ensure!(
        channels > 0 && weights.are(channels, SIDE * SIDE),
        "weights and biases of a convolution do not fit"
    );
    let mut blocks = vec![DepthwiseWeights::default(); channels.div_ceil(16)];
    for (channel, bias) in bias.iter().enumerate() {
        let block = &mut blocks[channel / 16];
        block.bias[channel % 16] = *bias;
        for (tap, weight) in block.taps.iter_mut().zip(&*weights.row(channel, SIDE * SIDE)) {
            tap[channel % 16] = *weight;
        }
    }
    Ok(blocks)
}

/// A pointwise convolution of a value in blocks.
#[derive(Debug)]
pub struct Pointwise {
    /// Of what is read, `[channels, height, width]`.
    pub input: [usize; 3],
    /// Channels made.
    pub outputs: usize,
    /// As [`pack_pointwise`] makes them.
    pub weights: Arc<PointwiseWeights>,
    /// Of the ReLU that follows.
    pub limits: Limits,
    /// Whether a second value of the output's shape is added before the ReLU.
    pub adds: bool,
}

impl Pointwise {
    /// Of what is made, `[channels, height, width]`.
    pub fn made(&self) -> [usize; 3] {
        [self.outputs, self.input[1], self.input[2]]
    }
}

impl Step for Pointwise {
    fn inputs(&self) -> TVec<TVec<usize>> {
        let mut inputs = tvec!(in_blocks(self.input));
        if self.adds {
            inputs.push(in_blocks(self.made()));
        }
        inputs
    }

    fn output(&self) -> TVec<usize> {
        in_blocks(self.made())
    }

    fn run(&self, inputs: &[&[f32]], output: &mut [f32]) {
        let pixels = self.input[1] * self.input[2];
        let job = PointwiseJob {
            weights: &self.weights,
            blocks: 0..self.weights.blocks,
            limits: self.limits,
            pixels,
            read_step: pixels * 16,
            write_step: pixels * 16,
            target: Target { first: 0, columns: pixels, width: pixels },
        };
        kernel::pointwise(&job, inputs[0], inputs.get(1).copied(), output);
    }
}

/// Windows that slide over a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Down, across.
    pub kernel: [usize; 2],
    /// Steps between windows.
    pub strides: [usize; 2],
    /// Steps between taps.
    pub dilations: [usize; 2],
    /// Zeros around: top, left, bottom, right.
    pub padding: [usize; 4],
}

impl Window {
    /// How many windows a picture of these sides has.
    ///
    /// # Errors
    /// When it has none.
    pub fn places(&self, sides: [usize; 2]) -> TractResult<[usize; 2]> {
        let mut places = [0; 2];
        for axis in 0..2 {
            let [kernel, stride, dilation] =
                [self.kernel, self.strides, self.dilations].map(|pair| pair[axis]);
            ensure!(kernel > 0 && stride > 0 && dilation > 0, "windows and steps are at least 1");
            let padded = self.padding[axis]
                .checked_add(self.padding[axis + 2])
                .and_then(|zeros| zeros.checked_add(sides[axis]))
                .context("padding that large")?;
            let reach = (kernel - 1).checked_mul(dilation).context("windows that large")?;
            ensure!(sides[axis] > 0 && padded > reach, "the picture is smaller than a window");
            places[axis] = (padded - reach - 1) / stride + 1;
        }
        Ok(places)
    }
}

/// A convolution of a plain value of few channels, such as a photo; makes a value in blocks.
#[derive(Debug)]
pub struct First {
    /// Of what is read, `[channels, height, width]`.
    pub input: [usize; 3],
    /// Of what is made.
    pub made: [usize; 3],
    /// Windows over the picture.
    pub window: Window,
    /// Their depth is the numbers in a window.
    pub weights: Arc<PointwiseWeights>,
    /// Of the ReLU that follows.
    pub limits: Limits,
}

impl First {
    /// Writes what each window of row `row` reads to `patches`, `[blocks, columns, 16]`.
    fn patches(&self, row: usize, picture: &[f32], patches: &mut [f32]) {
        let [channels, height, width] = self.input;
        let Window { kernel, strides, dilations, padding } = self.window;
        let columns = self.made[2];
        for tap in 0..channels * kernel[0] * kernel[1] {
            let (channel, down, across) =
                (tap / (kernel[0] * kernel[1]), tap / kernel[1] % kernel[0], tap % kernel[1]);
            // Past the top and the left these wrap around to more than any side.
            let y = (row * strides[0] + down * dilations[0]).wrapping_sub(padding[0]);
            let to = &mut patches[(tap / 16 * columns) * 16 + tap % 16..];
            let to = to.iter_mut().step_by(16).take(columns);
            if y >= height {
                to.for_each(|to| *to = 0.0);
                continue;
            }
            let pixels = &picture[(channel * height + y) * width..][..width];
            for (column, to) in to.enumerate() {
                let x = (column * strides[1] + across * dilations[1]).wrapping_sub(padding[1]);
                *to = pixels.get(x).copied().unwrap_or(0.0);
            }
        }
    }
}

impl Step for First {
    fn inputs(&self) -> TVec<TVec<usize>> {
        tvec!(plain(self.input))
    }

    fn output(&self) -> TVec<usize> {
        in_blocks(self.made)
    }

    fn run(&self, inputs: &[&[f32]], output: &mut [f32]) {
        let [_, rows, columns] = self.made;
        let job = PointwiseJob {
            weights: &self.weights,
            blocks: 0..self.weights.blocks,
            limits: self.limits,
            pixels: columns,
            read_step: columns * 16,
            write_step: rows * columns * 16,
            target: Target { first: 0, columns, width: columns },
        };
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.grow(self.weights.depth.div_ceil(16) * columns);
            for row in 0..rows {
                self.patches(row, inputs[0], scratch.values_mut());
                let output = &mut output[row * columns * 16..];
                kernel::pointwise(&job, scratch.values(), None, output);
            }
        });
    }
}

/// A depthwise 3x3 convolution of a value in blocks, with the pointwise one before it if there is one.
#[derive(Debug)]
pub struct Depthwise {
    /// Of what is read, `[channels, height, width]`.
    pub input: [usize; 3],
    /// Of what is made.
    pub made: [usize; 3],
    /// The convolution that makes the channels, and the limits of the ReLU after it.
    pub expansion: Option<(Arc<PointwiseWeights>, Limits)>,
    /// Windows over the picture, of 3x3, with the same stride down and across.
    pub window: Window,
    /// The vectors it is done with.
    pub isa: Isa,
    /// Block by block.
    pub weights: Arc<Vec<DepthwiseWeights>>,
    /// Of the ReLU that follows.
    pub limits: Limits,
}

impl Step for Depthwise {
    fn inputs(&self) -> TVec<TVec<usize>> {
        tvec!(in_blocks(self.input))
    }

    fn output(&self) -> TVec<usize> {
        in_blocks(self.made)
    }

    fn run(&self, inputs: &[&[f32]], output: &mut [f32]) {
        let [_, height, width] = self.input;
        let [top, left, bottom, right] = self.window.padding;
        let (rows, columns) = (top + height + bottom, left + width + right);
        let first = top * columns + left;
        let pixels = height * width;
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.grow(rows * columns);
            let frame = &mut scratch.values_mut()[..rows * columns * 16];
            // Every block writes the same pixels, so that the zeros around stay.
            frame.fill(0.0);
            let made = output.chunks_exact_mut(self.made[1] * self.made[2] * 16);
            for (block, (weights, made)) in self.weights.iter().zip(made).enumerate() {
                match &self.expansion {
                    Some((weights, limits)) => {
                        let job = PointwiseJob {
                            weights,
                            blocks: block..block + 1,
                            limits: *limits,
                            pixels,
                            read_step: pixels * 16,
                            write_step: 0,
                            target: Target { first, columns, width },
                        };
                        kernel::pointwise(&job, inputs[0], None, frame);
                    }
                    None => {
                        let picture = &inputs[0][block * pixels * 16..][..pixels * 16];
                        for (row, pixels) in picture.chunks_exact(width * 16).enumerate() {
                            frame[(first + row * columns) * 16..][..width * 16].copy_from_slice(pixels);
                        }
                    }
                }
                let job = DepthwiseJob {
                    weights,
                    limits: self.limits,
                    columns,
                    stride: self.window.strides[0],
                    height: self.made[1],
                    width: self.made[2],
                };
                kernel::depthwise(self.isa, &job, frame, made);
            }
        });
    }
}

#[cfg(test)]
mod tests;
