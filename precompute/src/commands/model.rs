//! `precompute model compile`: an ONNX network to the form that is run.

use lookalike::network::{Description, TensorEntry};
use serde_json::json;

use crate::args::CompileArguments;
use crate::networks::{Compiled, open_folder};

/// Compiles, writes, and reads what was written back in.
///
/// # Errors
/// When the network cannot be read or compiled, or the folder cannot be written.
pub fn compile(arguments: &CompileArguments) -> anyhow::Result<()> {
    let compiled = Compiled::from_onnx(&arguments.network, arguments.output.as_deref(), &arguments.options)?;
    compiled.write(&arguments.out)?;
    let opened = open_folder(&arguments.out)?;
    let description = opened.network.description();
    if arguments.json {
        println!("{}", report(description));
        return Ok(());
    }
    let preprocessing = &description.preprocessing;
    println!(
        "{}: {} layers, {} numbers an embedding, {:.2} MB in {} parts, input {}x{} {:?}",
        arguments.out.display(),
        description.layers.len(),
        description.dims,
        part_bytes(description) as f64 / 1e6,
        description.parts.len(),
        preprocessing.width,
        preprocessing.height,
        preprocessing.channels,
    );
    for (number, tensor) in description.tensors.iter().enumerate().filter(|(_, tensor)| is_matrix(tensor)) {
        let (bytes, bits) = (tensor.bytes().unwrap_or(0), bits_per_weight(tensor));
        let encoding = tensor.encoding.name();
        println!("  tensor {number} {:?}: {encoding}, {bytes} bytes, {bits:.2} bits a weight", tensor.shape);
    }
    Ok(())
}

/// What `--json` prints.
fn report(description: &Description) -> serde_json::Value {
    let tensors = description.tensors.iter().map(|tensor| {
        json!({
            "shape": tensor.shape,
            "encoding": tensor.encoding.name(),
            "bytes": tensor.bytes(),
            "bits_per_weight": bits_per_weight(tensor),
        })
    });
    json!({
        "layers": description.layers.len(),
        "dims": description.dims,
        "bytes": part_bytes(description),
        "parts": description.parts.len(),
        "tensors": tensors.collect::<Vec<_>>(),
    })
}

fn part_bytes(description: &Description) -> u64 {
    description.parts.iter().map(|part| part.bytes).sum()
}

fn bits_per_weight(tensor: &TensorEntry) -> f64 {
    8.0 * tensor.bytes().unwrap_or(0) as f64 / tensor.elements().unwrap_or(0).max(1) as f64
}

/// Not a bias.
fn is_matrix(tensor: &TensorEntry) -> bool {
    tensor.shape.len() > 1
}
