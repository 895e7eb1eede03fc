//! Slices of an ONNX network: which rows and columns of a picture they keep.

use std::sync::Arc;

use anyhow::{Context, ensure};
use lookalike::network::Op;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{DimLike, ShapeFact};
use tract_onnx::tract_core::ops::array::{Slice, StridedSlice};

/// The layer that `node` is on a picture of `shape` if it is a slice; `bounds` are the operation's inputs after the picture,
/// as far as they are constants.
///
/// # Errors
/// When it slices channels, leaves rows or columns out, or does not keep the same ones of every picture.
pub fn slice(node: &TypedNode, shape: &ShapeFact, bounds: &[Arc<Tensor>]) -> anyhow::Result<Option<Op>> {
    // Of each sliced axis its number, first and end.
    let mut ranges: Vec<(usize, usize, usize)> = Vec::new();
    if let Some(op) = node.op_as::<Slice>() {
        ranges.push((op.axis, op.start.to_usize()?, op.end.to_usize()?));
    } else if let Some(op) = node.op_as::<StridedSlice>() {
        ensure!(
            bounds.len() + 1 == node.inputs.len() && bounds.len() >= 2,
            "its bounds depend on the picture"
        );
        let integers = |input: Option<usize>| -> anyhow::Result<Option<Vec<i32>>> {
            let Some(input) = input else { return Ok(None) };
            let tensor = bounds.get(input - 1).context("an input is missing")?.cast_to::<i32>()?;
            Ok(Some(tensor.try_as_plain_ram()?.as_slice::<i32>()?.to_vec()))
        };
        let axes = integers(op.optional_axes_input)?;
        let axes = axes.unwrap_or_else(|| (0..bounds[0].len() as i32).collect());
        let steps = integers(op.optional_steps_input)?.unwrap_or_else(|| vec![1; axes.len()]);
        for (number, axis) in axes.into_iter().enumerate() {
            let axis = usize::try_from(if axis < 0 { axis + shape.rank() as i32 } else { axis })?;
            ensure!(axis < shape.rank(), "there is no such axis");
            let range = op.prepare_one_dim(number, &shape[axis], &bounds[0], &bounds[1], &steps)?;
            ensure!(
                range.stride == 1 && !range.shrink,
                "slices with steps or of a single index are not known here"
            );
            ranges.push((axis, range.begin.to_usize()?, range.end.to_usize()?));
        }
    } else {
        return Ok(None);
    }
    ensure!(shape.rank() == 4, "of slices only those of pictures are known here");
    let sides = [shape[2].to_usize()?, shape[3].to_usize()?];
    let (mut start, mut end) = ([0, 0], sides);
    for (axis, first, last) in ranges {
        ensure!(first < last, "nothing is left of the picture");
        match axis {
            2 | 3 => (start[axis - 2], end[axis - 2]) = (first, last),
            _ => {
                let is_whole = first == 0 && last == shape[axis].to_usize()?;
                ensure!(is_whole, "of slices only those of rows and columns are known here");
            }
        }
    }
    Ok(Some(Op::Slice { start, end }))
}
