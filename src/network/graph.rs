//! A description and its weights to a tract model. Of tract this uses the core alone: no reader of any file format.

use tract_core::internal::*;
use tract_core::ops::array::{Slice, TypedConcat};
use tract_core::ops::cnn::{Conv, KernelFormat, MaxPool, PaddingSpec, PoolSpec, SumPool};
use tract_core::ops::math;
use tract_core::ops::nn::{DataFormat, Reduce, Reducer};

use super::convolution::{self, Blocks, ConvWeights, FusedConvs, FusedLayers, Group};
use super::dense::Dense;
use super::description::{Description, Layer, Op, TensorEntry};
use super::weights::Weights;

/// The tract model of the first `layers` layers of `description`, not yet optimised: input f32 `[1, 3, height, width]`, one
/// output.
///
/// `weights` gives the weights of a tensor as many times as layers read it; they are dropped as soon as the model holds them
/// in its own form.
///
/// # Errors
/// When shapes do not fit each other.
pub(super) fn model(
    description: &Description,
    layers: usize,
    mut weights: impl FnMut(usize) -> TractResult<Weights>,
) -> TractResult<TypedModel> {
    let mut model = TypedModel::default();
    let (height, width) =
        (description.preprocessing.height as usize, description.preprocessing.width as usize);
    let input = model.add_source("input", f32::fact([1, 3, height, width]))?;
    let mut values = Values { model, known: vec![Some(Forms { plain: Some(input), blocks: None })] };
    let mut fused = convolution::fused_layers(description).into_iter().peekable();
    let taken: Vec<_> = fused.clone().map(|fused| fused.layers).collect();
    let groups =
        convolution::groups(description, layers, |layer| taken.iter().any(|layers| layers.contains(&layer)));
    let mut blocks = Blocks::default();
    let mut number = 0;
    while number < layers {
        let layer = &description.layers[number];
        let name = format!("layer{number}");
        let failed = || format!("layer {number} ({:?})", layer.op);
        if let Some(fused) = fused.next_if(|fused| fused.layers.start == number) {
            let input = values.plain(layer.inputs[0]).with_context(failed)?;
            let mut wire = Wire { model: &mut values.model, name: &name, tensors: &description.tensors };
            let output = wire.fused(&fused, input, &mut weights).with_context(failed)?;
            // Nothing else reads the values between fused layers.
            values.known.extend(std::iter::repeat_n(None, fused.layers.len() - 1));
            values.known.push(Some(Forms { plain: Some(output), blocks: None }));
            number += fused.layers.len();
            continue;
        }
        let forms = match groups.iter().find(|group| group.layers.contains(&number)) {
            // What is made within a group is not read outside either.
            Some(group) if group.layers.last() != Some(&number) => None,
            Some(group) => {
                let made = values.group(&name, group, &mut blocks, &mut weights).with_context(failed)?;
                Some(Forms { plain: None, blocks: Some(made) })
            }
            None => Some(values.layer(&name, description, number, &mut weights).with_context(failed)?),
        };
        values.known.push(forms);
        number += 1;
    }
    let output = values.plain(layers)?;
    values.model.select_output_outlets(&[output])?;
    Ok(values.model)
}

/// A value in blocks of 16 channels.
#[derive(Clone, Copy)]
struct InBlocks {
    outlet: OutletId,
    /// `[channels, height, width]`.
    shape: [usize; 3],
}

/// A value as tract's operations read it, in blocks of 16 channels, or both.
#[derive(Clone, Copy)]
struct Forms {
    plain: Option<OutletId>,
    blocks: Option<InBlocks>,
}

/// The model and what is known of the description's values; none of those that nothing may read.
struct Values {
    model: TypedModel,
    known: Vec<Option<Forms>>,
}

impl Values {
    fn forms(&mut self, value: usize) -> TractResult<&mut Forms> {
        self.known.get_mut(value).and_then(Option::as_mut).context("a value that is made within another")
    }

    fn plain(&mut self, value: usize) -> TractResult<OutletId> {
        let forms = *self.forms(value)?;
        if let (None, Some(blocks)) = (forms.plain, forms.blocks) {
            let step = convolution::to_plain(blocks.shape);
            let made = self.model.wire_node(format!("value{value}.plain"), step, &[blocks.outlet])?[0];
            self.forms(value)?.plain = Some(made);
        }
        self.forms(value)?.plain.context("a value in no form")
    }

    fn blocks(&mut self, value: usize) -> TractResult<InBlocks> {
        let forms = *self.forms(value)?;
        if let (Some(plain), None) = (forms.plain, forms.blocks) {
            let shape = self.picture(plain)?;
            let step = convolution::to_blocks(shape);
            let outlet = self.model.wire_node(format!("value{value}.blocks"), step, &[plain])?[0];
            self.forms(value)?.blocks = Some(InBlocks { outlet, shape });
        }
        self.forms(value)?.blocks.context("a value in no form")
    }

    /// Channels, height and width.
    fn picture(&self, outlet: OutletId) -> TractResult<[usize; 3]> {
        let shape = &self.model.outlet_fact(outlet)?.shape;
        ensure!(shape.rank() == 4, "a picture has four sides, this value {}", shape.rank());
        Ok([shape[1].to_usize()?, shape[2].to_usize()?, shape[3].to_usize()?])
    }

    /// Pointwise and depthwise convolutions by this crate's own kernels.
    fn group(
        &mut self,
        name: &str,
        group: &Group,
        blocks: &mut Blocks,
        weights: &mut impl FnMut(usize) -> TractResult<Weights>,
    ) -> TractResult<InBlocks> {
        let (input, shape) = if group.reads_plain() {
            let input = self.plain(group.input)?;
            (input, self.picture(input)?)
        } else {
            let input = self.blocks(group.input)?;
            (input.outlet, input.shape)
        };
        let mut inputs: TVec<OutletId> = tvec!(input);
        let (step, made) = blocks.step(group, shape, weights)?;
        if let Some(added) = group.added {
            let added = self.blocks(added)?;
            ensure!(added.shape == made, "the two values of a sum have one shape");
            inputs.push(added.outlet);
        }
        Ok(InBlocks { outlet: self.model.wire_node(name, step, &inputs)?[0], shape: made })
    }

    /// Any other layer.
    fn layer(
        &mut self,
        name: &str,
        description: &Description,
        number: usize,
        weights: &mut impl FnMut(usize) -> TractResult<Weights>,
    ) -> TractResult<Forms> {
        let Layer { inputs, op } = &description.layers[number];
        let pooled = self.forms(inputs[0])?.blocks;
        if let (Op::GlobalAveragePool | Op::GlobalMaxPool, Some(InBlocks { outlet, shape })) = (op, pooled) {
            let step = convolution::global_pool(shape, *op == Op::GlobalMaxPool);
            let made = self.model.wire_node(name, step, &[outlet])?[0];
            return Ok(Forms { plain: Some(made), blocks: None });
        }
        let inputs = inputs.iter().map(|value| self.plain(*value)).collect::<TractResult<TVec<_>>>()?;
        let mut wire = Wire { model: &mut self.model, name, tensors: &description.tensors };
        Ok(Forms { plain: Some(wire.layer(op, &inputs, weights)?), blocks: None })
    }
}

struct Wire<'a> {
    model: &'a mut TypedModel,
    name: &'a str,
    tensors: &'a [TensorEntry],
}

impl Wire<'_> {
    /// Fused convolutions by this crate's own kernels.
    fn fused(
        &mut self,
        layers: &FusedLayers,
        input: OutletId,
        weights: &mut impl FnMut(usize) -> TractResult<Weights>,
    ) -> TractResult<OutletId> {
        let channels = self.channels(input)?;
        let shape = &self.model.outlet_fact(input)?.shape;
        let picture = [channels, shape[2].to_usize()?, shape[3].to_usize()?];
        let convs = layers.convs.iter().map(|conv| {
            Ok(ConvWeights {
                weights: weights(conv.weight)?,
                bias: weights(conv.bias)?.into_f32(),
                conv: *conv,
            })
        });
        self.wire(FusedConvs::new(picture, convs)?, &[input])
    }

    fn layer(
        &mut self,
        op: &Op,
        inputs: &[OutletId],
        weights: &mut impl FnMut(usize) -> TractResult<Weights>,
    ) -> TractResult<OutletId> {
        match op {
            Op::Conv { weight, bias, strides, dilations, padding, groups } => {
                let shape = &self.tensors[*weight].shape;
                ensure!(shape.len() == 4 && *groups > 0, "the weights of a convolution have four sides");
                let channels = self.channels(inputs[0])?;
                ensure!(
                    shape[1] * groups == channels,
                    "{channels} channels in, weights for {}",
                    shape[1] * groups
                );
                let window = Window { kernel: [shape[2], shape[3]], strides: *strides, padding: *padding };
                let pool_spec = window.spec(channels, shape[0], Some(*dilations))?;
                let kernel = Tensor::from_shape(shape, &weights(*weight)?.into_f32())?;
                let kernel = self.model.add_const(format!("{}.weight", self.name), kernel)?;
                let bias = Tensor::from_shape(&self.tensors[*bias].shape, &weights(*bias)?.into_f32())?;
                ensure!(
                    bias.shape() == [shape[0]],
                    "the bias of a convolution has a number for each channel"
                );
                let bias = self.model.add_const(format!("{}.bias", self.name), bias)?;
                self.wire(Conv::new(pool_spec, KernelFormat::OIHW, *groups, None), &[inputs[0], kernel, bias])
            }
            Op::Dense { weight, bias } => {
                let columns = self.model.outlet_fact(inputs[0])?.shape.volume().to_usize()?;
                self.wire(Dense::new(weights(*weight)?, columns, weights(*bias)?.into_f32())?, inputs)
            }
            Op::MaxPool { kernel, strides, padding } => {
                let channels = self.channels(inputs[0])?;
                let window = Window { kernel: *kernel, strides: *strides, padding: *padding };
                self.wire(MaxPool::new(window.spec(channels, channels, None)?, None), inputs)
            }
            Op::AveragePool { kernel, strides, padding } => {
                let channels = self.channels(inputs[0])?;
                let window = Window { kernel: *kernel, strides: *strides, padding: *padding };
                self.wire(SumPool::new(window.spec(channels, channels, None)?, false, true), inputs)
            }
            Op::GlobalAveragePool => {
                self.channels(inputs[0])?;
                let shape = &self.model.outlet_fact(inputs[0])?.shape;
                let pixels = (shape[2].clone() * &shape[3]).to_usize()?;
                let sum = self.wire(Reduce::new(tvec!(2, 3), Reducer::Sum), inputs)?;
                let share = self.scalar("share", 1.0 / pixels as f32)?;
                let name = format!("{}.mean", self.name);
                Ok(self.model.wire_node(name, math::mul(), &[sum, share])?[0])
            }
            Op::GlobalMaxPool => {
                self.channels(inputs[0])?;
                self.wire(Reduce::new(tvec!(2, 3), Reducer::Max), inputs)
            }
            Op::Relu { max } => {
                let zero = self.scalar_like("zero", 0.0, inputs[0])?;
                let floored = self.wire(math::max(), &[inputs[0], zero])?;
                let Some(ceiling) = max else { return Ok(floored) };
                let ceiling = self.scalar_like("ceiling", *ceiling, inputs[0])?;
                let name = format!("{}.min", self.name);
                Ok(self.model.wire_node(name, math::min(), &[floored, ceiling])?[0])
            }
            Op::Add => {
                let [a, b] = [inputs[0], inputs[1]].map(|input| self.model.outlet_fact(input));
                ensure!(a?.shape == b?.shape, "the two values of a sum have one shape");
                self.wire(math::add(), inputs)
            }
            Op::Slice { start, end } => {
                self.channels(inputs[0])?;
                let mut value = inputs[0];
                for (axis, (start, end)) in [2, 3].into_iter().zip(start.iter().zip(end)) {
                    let side = self.model.outlet_fact(value)?.shape[axis].to_usize()?;
                    ensure!(
                        start < end && *end <= side,
                        "a slice from {start} to {end} of {side} rows or columns"
                    );
                    let name = format!("{}.axis{axis}", self.name);
                    value = self.model.wire_node(name, Slice::new(axis, *start, *end), &[value])?[0];
                }
                Ok(value)
            }
            Op::Concat => {
                let inputs = self.concatenable(inputs)?;
                self.wire(TypedConcat::new(1), &inputs)
            }
        }
    }

    /// `inputs` as values that differ in nothing but the length of axis 1.
    ///
    /// Where a network concatenates flattened values, the description has the values before they were flattened: the order
    /// of their numbers is the same.
    fn concatenable(&mut self, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let mut shapes = Vec::new();
        for input in inputs {
            shapes
                .push(self.model.outlet_fact(*input)?.shape.as_concrete().context("a fixed shape")?.to_vec());
        }
        let first = &shapes[0];
        if shapes.iter().all(|shape| shape.len() == first.len() && shape[2..] == first[2..]) {
            return Ok(inputs.into());
        }
        let mut flat = tvec!();
        for (number, (input, shape)) in inputs.iter().zip(&shapes).enumerate() {
            let from: TVec<TDim> = shape[1..].iter().map(|side| side.to_dim()).collect();
            let to = tvec!(from.iter().product::<TDim>());
            let name = format!("{}.flat{number}", self.name);
            flat.push(self.model.wire_node(name, AxisOp::Reshape(1, from, to), &[*input])?[0]);
        }
        Ok(flat)
    }

    fn wire(&mut self, op: impl Into<Box<dyn TypedOp>>, inputs: &[OutletId]) -> TractResult<OutletId> {
        Ok(self.model.wire_node(self.name, op, inputs)?[0])
    }

    fn channels(&self, input: OutletId) -> TractResult<usize> {
        let shape = &self.model.outlet_fact(input)?.shape;
        ensure!(shape.rank() == 4, "a picture has four sides, this value {}", shape.rank());
        Ok(shape[1].to_usize()?)
    }

    fn scalar(&mut self, name: &str, value: f32) -> TractResult<OutletId> {
        self.model.add_const(format!("{}.{name}", self.name), tensor0(value).broadcast_into_rank(4)?)
    }

    fn scalar_like(&mut self, name: &str, value: f32, like: OutletId) -> TractResult<OutletId> {
        let rank = self.model.outlet_fact(like)?.rank();
        self.model.add_const(format!("{}.{name}", self.name), tensor0(value).broadcast_into_rank(rank)?)
    }
}

struct Window {
    kernel: [usize; 2],
    strides: [usize; 2],
    padding: [usize; 4],
}

impl Window {
    fn spec(&self, channels: usize, out: usize, dilations: Option<[usize; 2]>) -> TractResult<PoolSpec> {
        let positive = self.kernel.iter().chain(&self.strides).chain(dilations.iter().flatten());
        ensure!(positive.into_iter().all(|side| *side > 0), "windows and steps are at least 1");
        let [top, left, bottom, right] = self.padding;
        Ok(PoolSpec::new(
            DataFormat::NCHW,
            TVec::from_slice(&self.kernel),
            PaddingSpec::Explicit(tvec!(top, left), tvec!(bottom, right)),
            dilations.map(|steps| TVec::from_slice(&steps)),
            Some(TVec::from_slice(&self.strides)),
            channels,
            out,
        ))
    }
}
