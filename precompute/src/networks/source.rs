//! ONNX files: read by tract, and which of their values is the embedding.

use std::path::Path;

use anyhow::{Context, anyhow, ensure};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{AxisOp, DimLike};
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::identity::Identity;
use tract_onnx::tract_hir::infer::Factoid;

/// Side of the input where the file leaves it open.
const USUAL_SIDE: usize = 224;

/// Reads the ONNX file in `path`; sides of the input that it leaves open are [`USUAL_SIDE`].
///
/// # Errors
/// When it is no ONNX network of one picture, channels first.
pub fn read(path: &Path) -> anyhow::Result<TypedModel> {
    let mut model = tract_onnx::onnx().model_for_path(path)?;
    ensure!(
        model.inputs.len() == 1,
        "it has {} inputs, and one picture is to be its input",
        model.inputs.len()
    );
    let shape = model.input_fact(0)?.shape.clone();
    let side = |axis: usize| -> Option<usize> { shape.dim(axis)?.concretize()?.to_usize().ok() };
    ensure!(
        side(1) == Some(3),
        "its input is not [1, 3, height, width] (channels first): export it with that layout"
    );
    let (height, width) = (side(2).unwrap_or(USUAL_SIDE), side(3).unwrap_or(USUAL_SIDE));
    model.set_input_fact(0, f32::fact([1, 3, height, width]).into())?;
    model.into_typed()
}

/// The value called `name`, or the one that is the embedding by its place (`--help` says which).
///
/// # Errors
/// When there is no such value, or no output at all.
pub fn embedding_outlet(model: &TypedModel, name: Option<&str>) -> anyhow::Result<OutletId> {
    let named = |name: &str| {
        let labelled =
            model.outlet_labels.iter().find(|(_, label)| *label == name).map(|(outlet, _)| *outlet);
        labelled.or_else(|| model.nodes.iter().find(|node| node.name == name).map(|node| node.id.into()))
    };
    if let Some(name) = name {
        return named(name).ok_or_else(|| {
            let mut known: Vec<&str> = model.outlet_labels.values().map(String::as_str).collect();
            known.sort_unstable();
            anyhow!("the network has no value called {name}; it has {}", known.join(", "))
        });
    }
    if let Some(features) = named("features").filter(|outlet| model.outputs.contains(outlet)) {
        return Ok(features);
    }
    // A classifier's scores come straight from a dense layer, or by way of a softmax: what that layer reads is the
    // article's embedding. Anything else after the last dense layer, such as a ReLU, makes the output an embedding.
    let output = *model.outputs.first().context("the network has no output")?;
    let mut at = output;
    loop {
        let node = model.node(at.node);
        if node.op_is::<EinSum>() {
            return Ok(node.inputs[0]);
        }
        let name = node.op.name();
        let is_bias = node.op_as::<TypedBinOp>().is_some_and(|op| op.0.name() == "Add");
        if !(is_bias || name == "Softmax" || node.op_is::<AxisOp>() || node.op_is::<Identity>()) {
            return Ok(output);
        }
        at = node.inputs[0];
    }
}
