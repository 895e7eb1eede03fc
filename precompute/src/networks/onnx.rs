//! ONNX to a compiled network: the only place that reads ONNX.
//!
//! tract reads the file, infers every shape and gives typed operations; this walks them in order and writes down the few
//! that image networks are made of. Operations on constants are done here and now.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail, ensure};
use lookalike::network::{Description, Layer, Op, Preprocessing};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{AxisOp, DimLike};
use tract_onnx::tract_core::ops::array::TypedConcat;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::cast::Cast;
use tract_onnx::tract_core::ops::cnn::{Conv, KernelFormat, MaxPool, PoolSpec, SumPool};
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::identity::Identity;
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_core::ops::nn::{DataFormat, Reduce, Reducer};
use tract_onnx::tract_core::ops::source::TypedSource;

use super::Compiled;
use super::calibration::moments;
use super::constants::{broadcast, numbers};
use super::sharing::{readers, share};
use super::slices::slice;
use super::source::{embedding_outlet, read};
use super::storage::store;
use crate::args::{NetworkOptions, WeightsName};

/// Reads and compiles the network in `path`; `output` names the value that is the embedding.
///
/// # Errors
/// When the file is no ONNX network of one picture, has no such value, or does something not known here.
pub fn compile(path: &Path, output: Option<&str>, options: &NetworkOptions) -> anyhow::Result<Compiled> {
    ensure!(
        options.weight_step.is_none() || options.weights == WeightsName::Rans,
        "--weight-step is the step of --weights rans"
    );
    ensure!(
        options.calibrate.is_none() || options.weights == WeightsName::Rans,
        "--calibrate is for --weights rans"
    );
    let model = read(path).with_context(|| format!("reading the network {}", path.display()))?;
    let outlet = embedding_outlet(&model, output)?;
    let mut walk = Walk {
        model: &model,
        values: HashMap::new(),
        layers: Vec::new(),
        tensors: Vec::new(),
        read: HashMap::new(),
    };
    walk.to(outlet).with_context(|| format!("compiling {}", path.display()))?;
    let fact = model.outlet_fact(outlet)?;
    let dims = fact.shape.volume().to_usize().context("the embedding's length is not fixed")?;
    let Some(Value::Layer(last)) = walk.values.get(&outlet) else {
        bail!("the embedding is not made by a layer of the network");
    };
    ensure!(*last == walk.layers.len(), "the embedding is not what the last layer makes");

    let side =
        |axis: usize| -> anyhow::Result<u32> { Ok(model.input_fact(0)?.shape[axis].to_usize()?.try_into()?) };
    let (height, width) = (side(2)?, side(3)?);
    let preprocessing = match options.preprocessing {
        Some(name) => name.of_size(width, height),
        None if is_vgg16(&walk.layers) => Preprocessing::caffe(width, height),
        None => Preprocessing::torch(width, height),
    };
    walk.tensors = share(&mut walk.layers, &walk.tensors);
    let moments = match &options.calibrate {
        Some(folder) => moments(&model, &readers(&walk.layers, &walk.read), &preprocessing, folder)
            .with_context(|| format!("running {} on the photos of {}", path.display(), folder.display()))?,
        None => BTreeMap::new(),
    };
    let largest = walk.tensors.iter().map(|tensor| tensor.len()).max().unwrap_or(1);
    let stored = walk.tensors.iter().enumerate().map(|(index, tensor)| {
        Ok(store(&numbers(tensor)?, tensor.shape(), options, largest, moments.get(&index)))
    });
    let (entries, tensors) = stored.collect::<anyhow::Result<(Vec<_>, Vec<_>)>>()?;
    let name = path.file_stem().map_or_else(|| "network".into(), |stem| stem.to_string_lossy().into_owned());
    let mut description = Description::new(name, true, preprocessing, dims, walk.layers, entries);
    let parts: usize = options.components.iter().map(|component| component.dims).sum();
    ensure!(
        options.components.is_empty() || parts == dims,
        "--components add up to {parts} dimensions, the embedding has {dims}"
    );
    description.components.clone_from(&options.components);
    Ok(Compiled { description, tensors })
}

/// Thirteen 3x3 convolutions, five pools and two dense layers.
fn is_vgg16(layers: &[Layer]) -> bool {
    let count = |kind: fn(&Op) -> bool| layers.iter().filter(|layer| kind(&layer.op)).count();
    count(|op| matches!(op, Op::Conv { padding: [1, 1, 1, 1], strides: [1, 1], .. })) == 13
        && count(|op| matches!(op, Op::MaxPool { .. })) == 5
        && count(|op| matches!(op, Op::Dense { .. })) == 2
        && count(|op| matches!(op, Op::Add | Op::Concat)) == 0
}

/// What a value of the model is in the compiled network.
#[derive(Clone)]
enum Value {
    /// Number of the value in the description: 0 is the input.
    Layer(usize),
    /// Does not depend on the picture.
    Constant(Arc<Tensor>),
    /// A sum over `pixels` places of the picture that a division is to turn into the mean held by the value.
    Sum { mean: usize, pixels: usize },
}

impl Value {
    fn constant(&self) -> Option<Arc<Tensor>> {
        match self {
            Value::Constant(tensor) => Some(tensor.clone()),
            _ => None,
        }
    }
}

struct Walk<'a> {
    model: &'a TypedModel,
    values: HashMap<OutletId, Value>,
    layers: Vec<Layer>,
    tensors: Vec<Arc<Tensor>>,
    /// The value that a pointwise convolution or dense layer reads, by the number of the value it makes.
    read: HashMap<usize, OutletId>,
}

impl Walk<'_> {
    /// Compiles everything `outlet` depends on, in order.
    fn to(&mut self, outlet: OutletId) -> anyhow::Result<()> {
        let mut needed = vec![false; self.model.nodes.len()];
        let mut pending = vec![outlet.node];
        while let Some(node) = pending.pop() {
            if !std::mem::replace(&mut needed[node], true) {
                pending.extend(self.model.node(node).inputs.iter().map(|input| input.node));
            }
        }
        for id in self.model.eval_order()?.into_iter().filter(|id| needed[*id]) {
            let node = self.model.node(id);
            let value =
                self.node(node).with_context(|| format!("operation {} ({})", node.op.name(), node.name))?;
            self.values.insert(id.into(), value);
        }
        Ok(())
    }

    fn node(&mut self, node: &TypedNode) -> anyhow::Result<Value> {
        if node.op_is::<TypedSource>() {
            return Ok(Value::Layer(0));
        }
        if let Some(op) = node.op_as::<Const>() {
            return Ok(Value::Constant(op.val().clone()));
        }
        let inputs: Vec<Value> = node
            .inputs
            .iter()
            .map(|input| self.values.get(input).cloned().context("reads a second output of an operation"))
            .collect::<anyhow::Result<_>>()?;
        if let Some(constant) = evaluate(node, &inputs)? {
            return Ok(Value::Constant(constant));
        }
        if let Some(op) = node.op_as::<Conv>() {
            let made = self.conv(node, op, &inputs)?;
            if op.group == 1 && op.pool_spec.kernel_shape.iter().product::<usize>() == 1 {
                self.read.insert(self.layers.len(), node.inputs[0]);
            }
            return Ok(made);
        }
        if let Some(op) = node.op_as::<EinSum>() {
            let made = self.dense(op, &inputs)?;
            self.read.insert(self.layers.len(), node.inputs[0]);
            return Ok(made);
        }
        if let Some(op) = node.op_as::<TypedBinOp>() {
            return self.binary(node, op.0.name(), &inputs);
        }
        if let Some(op) = node.op_as::<MaxPool>() {
            let (kernel, strides, padding) = self.window(node, &op.pool_spec)?;
            return self.push(Op::MaxPool { kernel, strides, padding }, &inputs);
        }
        if let Some(op) = node.op_as::<SumPool>() {
            let (kernel, strides, padding) = self.window(node, &op.pool_spec)?;
            ensure!(op.normalize, "a sum over windows is not known here");
            ensure!(
                padding == [0; 4] || !op.count_include_pad,
                "a mean that counts padding is not known here"
            );
            return self.push(Op::AveragePool { kernel, strides, padding }, &inputs);
        }
        if let Some(op) = node.op_as::<Reduce>() {
            let shape = &self.model.outlet_fact(node.inputs[0])?.shape;
            ensure!(
                matches!(op.reducer, Reducer::Sum | Reducer::Max) && *op.axes == [2, 3] && shape.rank() == 4,
                "of reductions only the mean and the maximum over height and width are known here"
            );
            if op.reducer == Reducer::Max {
                return self.push(Op::GlobalMaxPool, &inputs);
            }
            let pixels = shape[2].to_usize()? * shape[3].to_usize()?;
            let Value::Layer(mean) = self.push(Op::GlobalAveragePool, &inputs)? else { unreachable!() };
            return Ok(Value::Sum { mean, pixels });
        }
        let constants: Vec<_> = inputs.iter().skip(1).filter_map(Value::constant).collect();
        if let Some(op) = slice(node, &self.model.outlet_fact(node.inputs[0])?.shape, &constants)? {
            return self.push(op, &inputs[..1]);
        }
        if let Some(op) = node.op_as::<TypedConcat>() {
            ensure!(op.axis == 1, "values are concatenated along the channels only");
            return self.push(Op::Concat, &inputs);
        }
        let keeps_numbers_in_order = match node.op_as::<AxisOp>() {
            Some(op) => !matches!(op, AxisOp::Move(..)),
            None => node.op_is::<Identity>() || node.op_is::<Cast>(),
        };
        ensure!(keeps_numbers_in_order && inputs.len() == 1, "is not known here");
        Ok(inputs[0].clone())
    }

    fn conv(&mut self, node: &TypedNode, op: &Conv, inputs: &[Value]) -> anyhow::Result<Value> {
        let [picture, Value::Constant(kernel), Value::Constant(bias)] = inputs else {
            bail!("its weights depend on the picture");
        };
        ensure!(
            op.kernel_fmt == KernelFormat::OIHW && op.q_params.is_none(),
            "its weights have another layout"
        );
        let (_, strides, padding) = self.window(node, &op.pool_spec)?;
        let dilations = pair(&op.pool_spec.dilations())?;
        let out = op.pool_spec.output_channels;
        let bias = broadcast(bias, out)?;
        let (weight, bias) = (self.tensor(kernel.clone()), self.tensor(bias));
        let groups = op.group;
        self.push(
            Op::Conv { weight, bias, strides, dilations, padding, groups },
            std::slice::from_ref(picture),
        )
    }

    fn dense(&mut self, op: &EinSum, inputs: &[Value]) -> anyhow::Result<Value> {
        let [vector, Value::Constant(matrix)] = inputs else {
            bail!("a product of two values that depend on the picture is not known here");
        };
        // Letters are free; what counts is which sides they tie together.
        let formula = op.axes.to_string();
        let letters: Vec<char> = formula.chars().filter(|letter| letter.is_alphabetic()).collect();
        let matrix = match *letters {
            [m, k, n, k2, m2, n2] if (k, m, n) == (k2, m2, n2) => matrix.clone(),
            [m, k, k2, n, m2, n2] if (k, m, n) == (k2, m2, n2) => {
                matrix.clone().into_tensor().permute_axes(&[1, 0])?.into_arc_tensor()
            }
            _ => bail!("the product {formula} is not known here"),
        };
        let out = matrix.shape()[0];
        let (weight, bias) = (self.tensor(matrix), self.tensor(tensor1(&vec![0f32; out]).into_arc_tensor()));
        self.push(Op::Dense { weight, bias }, std::slice::from_ref(vector))
    }

    fn binary(&mut self, node: &TypedNode, name: &str, inputs: &[Value]) -> anyhow::Result<Value> {
        let (value, constant) = match inputs {
            [Value::Layer(_), Value::Layer(_)] if name == "Add" => return self.push(Op::Add, inputs),
            [Value::Sum { mean, pixels }, Value::Constant(count)] => {
                let count = numbers(count)?;
                let divides = match name {
                    "Div" => count == [*pixels as f32],
                    "Mul" => count.len() == 1 && (count[0] * *pixels as f32 - 1.0).abs() < 1e-6,
                    _ => false,
                };
                ensure!(divides, "a sum over a picture that is not its mean is not known here");
                return Ok(Value::Layer(*mean));
            }
            [Value::Layer(value), Value::Constant(constant)] => (*value, constant),
            [Value::Constant(constant), Value::Layer(value)] if name != "Div" && name != "Sub" => {
                (*value, constant)
            }
            _ => bail!("is not known here between these values"),
        };
        let constants = numbers(constant)?;
        match name {
            "Max" => {
                ensure!(
                    constants.iter().all(|floor| *floor == 0.0),
                    "a floor other than 0 is not known here"
                );
                self.push(Op::Relu { max: None }, &[Value::Layer(value)])
            }
            "Min" => {
                let ceiling = constants.first().copied().context("an empty constant")?;
                let after_relu = value == self.layers.len()
                    && matches!(self.layers[value - 1].op, Op::Relu { max: None })
                    && constants.iter().all(|value| *value == ceiling);
                ensure!(after_relu, "a ceiling without a floor is not known here");
                self.layers[value - 1].op = Op::Relu { max: Some(ceiling) };
                Ok(Value::Layer(value))
            }
            "Add" if self.is_bias_of(node, value) => {
                let Op::Dense { bias, .. } = self.layers[value - 1].op else { unreachable!() };
                let length = self.tensors[bias].len();
                self.tensors[bias] = broadcast(constant, length)?;
                Ok(Value::Layer(value))
            }
            "Add" | "Sub" | "Mul" | "Div" => self.by_channel(node, name, value, constant),
            _ => bail!("is not known here"),
        }
    }

    /// Whether `node` adds the bias to the dense layer that makes `value`, and nothing else reads the sum without it.
    fn is_bias_of(&self, node: &TypedNode, value: usize) -> bool {
        let Some(Layer { op: Op::Dense { bias, .. }, .. }) =
            value.checked_sub(1).map(|layer| &self.layers[layer])
        else {
            return false;
        };
        let is_zero = numbers(&self.tensors[*bias]).is_ok_and(|bias| bias.iter().all(|value| *value == 0.0));
        let readers = node
            .inputs
            .iter()
            .filter(|input| matches!(self.values.get(input), Some(Value::Layer(_))))
            .all(|input| self.model.outlet_successors(*input).len() == 1);
        is_zero && readers && value == self.layers.len()
    }

    /// A sum or product with one number for each channel, as a batch normalisation leaves it: a 1x1 convolution of
    /// every channel with itself alone.
    fn by_channel(
        &mut self,
        node: &TypedNode,
        name: &str,
        value: usize,
        constant: &Arc<Tensor>,
    ) -> anyhow::Result<Value> {
        let shape = &self.model.outlet_fact(node.id.into())?.shape;
        ensure!(shape.rank() == 4, "is known here on pictures only");
        let channels = shape[1].to_usize()?;
        let constants = numbers(broadcast(constant, channels)?.as_ref())?;
        let each = |number: &dyn Fn(f32) -> f32| -> Vec<f32> {
            constants.iter().map(|value| number(*value)).collect()
        };
        let (weight, bias) = match name {
            "Add" => (each(&|_| 1.0), constants.clone()),
            "Sub" => (each(&|_| 1.0), each(&|value| -value)),
            "Mul" => (constants.clone(), each(&|_| 0.0)),
            _ => (each(&|value| 1.0 / value), each(&|_| 0.0)),
        };
        let weight = Tensor::from_shape(&[channels, 1, 1, 1], &weight)?.into_arc_tensor();
        let (weight, bias) = (self.tensor(weight), self.tensor(tensor1(&bias).into_arc_tensor()));
        let conv =
            Op::Conv { weight, bias, strides: [1, 1], dilations: [1, 1], padding: [0; 4], groups: channels };
        self.push(conv, &[Value::Layer(value)])
    }

    fn window(
        &self,
        node: &TypedNode,
        spec: &PoolSpec,
    ) -> anyhow::Result<([usize; 2], [usize; 2], [usize; 4])> {
        let shape = &self.model.outlet_fact(node.inputs[0])?.shape;
        ensure!(spec.data_format == DataFormat::NCHW && shape.rank() == 4, "channels are not first");
        let sides = [shape[2].to_usize()?, shape[3].to_usize()?];
        let [rows, columns] = &*spec.computed_padding(&sides) else { bail!("the window is not flat") };
        let padding = [rows.pad_before, columns.pad_before, rows.pad_after, columns.pad_after];
        Ok((pair(&spec.kernel_shape)?, pair(&spec.strides())?, padding))
    }

    fn tensor(&mut self, tensor: Arc<Tensor>) -> usize {
        self.tensors.push(tensor);
        self.tensors.len() - 1
    }

    fn push(&mut self, op: Op, inputs: &[Value]) -> anyhow::Result<Value> {
        let inputs = inputs.iter().map(|value| match value {
            Value::Layer(number) => Ok(*number),
            _ => bail!("reads a value that no layer makes"),
        });
        self.layers.push(Layer { inputs: inputs.collect::<anyhow::Result<_>>()?, op });
        Ok(Value::Layer(self.layers.len()))
    }
}

/// The result of `node`, if it depends on constants only.
fn evaluate(node: &TypedNode, inputs: &[Value]) -> anyhow::Result<Option<Arc<Tensor>>> {
    let constants: Option<TVec<TValue>> =
        inputs.iter().map(|value| Some(value.constant()?.into_tvalue())).collect();
    let Some(constants) = constants else { return Ok(None) };
    let outputs = node.op.eval_out_of_plan(constants)?;
    Ok(outputs.and_then(|outputs| outputs.into_iter().next()).map(|output| output.into_arc_tensor()))
}

fn pair(sides: &[usize]) -> anyhow::Result<[usize; 2]> {
    sides.try_into().map_err(|_| anyhow!("the window is not flat"))
}
