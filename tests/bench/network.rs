//! Seconds that a compiled network takes for one input on one thread: `network FOLDER RUNS`, as JSON.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use lookalike_tests::open_network;
use serde_json::json;

fn main() -> anyhow::Result<()> {
    // cargo adds `--bench` of its own.
    let given: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let [folder, runs] = &given[..] else { anyhow::bail!("usage: network FOLDER RUNS") };
    let runs: usize = runs.parse().context("how many runs")?;
    let started = Instant::now();
    let network = open_network(Path::new(folder))?;
    let load_s = started.elapsed().as_secs_f64();
    let preprocessing = &network.description().preprocessing;
    let numbers = 3 * preprocessing.height as usize * preprocessing.width as usize;
    // The same disorder as the peers are given (tests/bench/bench.py).
    let input: Vec<f32> = (0..numbers).map(|n| (n * 7919 % 1000) as f32 / 500.0 - 1.0).collect();
    let embedding = network.run(&input)?;
    let seconds = (0..runs)
        .map(|_| {
            let started = Instant::now();
            network.run(&input)?;
            Ok(started.elapsed().as_secs_f64())
        })
        .collect::<anyhow::Result<Vec<f64>>>()?;
    println!("{}", json!({ "load_s": load_s, "seconds": seconds, "embedding": embedding }));
    Ok(())
}
