//! Seconds that tract as it comes takes for one input on one thread: `tract NETWORK.onnx RUNS`, as JSON.

use std::time::Instant;

use anyhow::Context;
use serde_json::json;
use tract_onnx::prelude::*;

fn main() -> anyhow::Result<()> {
    // cargo adds `--bench` of its own.
    let given: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let [network, runs] = &given[..] else { anyhow::bail!("usage: tract NETWORK.onnx RUNS") };
    let runs: usize = runs.parse().context("how many runs")?;
    let model = tract_onnx::onnx().model_for_path(network)?.into_optimized()?;
    let shape = model.input_fact(0)?.shape.as_concrete().context("a concrete input")?.to_vec();
    let model = model.into_runnable()?;
    // The same disorder as the peers are given (tests/bench/bench.py).
    let numbers: Vec<f32> =
        (0..shape.iter().product()).map(|n: usize| (n * 7919 % 1000) as f32 / 500.0 - 1.0).collect();
    let input = Tensor::from_shape(&shape, &numbers)?;
    model.run(tvec!(input.clone().into()))?;
    let seconds = (0..runs)
        .map(|_| {
            let started = Instant::now();
            model.run(tvec!(input.clone().into()))?;
            Ok(started.elapsed().as_secs_f64())
        })
        .collect::<anyhow::Result<Vec<f64>>>()?;
    println!("{}", json!({ "seconds": seconds }));
    Ok(())
}
