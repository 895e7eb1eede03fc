//! `precompute model compile`: an ONNX network to the form that is run.

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
    let parts: u64 = description.parts.iter().map(|part| part.bytes).sum();
    let preprocessing = &description.preprocessing;
    println!(
        "{}: {} layers, {} numbers an embedding, {:.2} MB in {} parts, input {}x{} {:?}",
        arguments.out.display(),
        description.layers.len(),
        description.dims,
        parts as f64 / 1e6,
        description.parts.len(),
        preprocessing.width,
        preprocessing.height,
        preprocessing.channels,
    );
    Ok(())
}
