//! Constants of an ONNX network as numbers.

use std::sync::Arc;

use anyhow::bail;
use tract_onnx::prelude::*;

/// The numbers of a constant as f32.
pub fn numbers(tensor: &Tensor) -> anyhow::Result<Vec<f32>> {
    let tensor = tensor.cast_to::<f32>()?;
    Ok(tensor.try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
}

/// `constant`, one number or `length` in any shape, as `[length]`.
pub fn broadcast(constant: &Tensor, length: usize) -> anyhow::Result<Arc<Tensor>> {
    let numbers = numbers(constant)?;
    let numbers = match numbers.len() {
        1 => vec![numbers[0]; length],
        count if count == length => numbers,
        count => bail!("{count} numbers where {length} are needed"),
    };
    Ok(tensor1(&numbers).into_arc_tensor())
}
