//! The milliseconds that each ranking by a folder's codes takes on one thread: `scan FOLDER EMBEDDINGS.f32 LIMIT ROUNDS`, as JSON by metric.
//! EMBEDDINGS are queries, `[queries, dims]` f32.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use lookalike::attributes::Attributes;
use lookalike::embedding::Metric;
use lookalike::rank::Query;
use lookalike::rules::Rules;
use lookalike::search::top_k;
use lookalike_tests::codes;
use serde_json::{Map, json};

fn main() -> anyhow::Result<()> {
    // cargo adds `--bench` of its own.
    let given: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let [folder, queries, limit, rounds] = &given[..] else {
        anyhow::bail!("usage: scan FOLDER EMBEDDINGS.f32 LIMIT ROUNDS")
    };
    let (limit, rounds): (usize, usize) = (limit.parse()?, rounds.parse()?);
    let codes = codes(Path::new(folder))?;
    let queries = std::fs::read(queries).with_context(|| queries.clone())?;
    let queries: Vec<f32> = queries.as_chunks::<4>().0.iter().map(|word| f32::from_le_bytes(*word)).collect();
    let rules = Rules::default().prepare(&Attributes::none(codes.items() as u32), &[], None)?;
    let mut report = Map::new();
    report.insert("items".to_owned(), json!(codes.items()));
    for metric in Metric::ALL {
        let mut ms = Vec::new();
        for _ in 0..rounds {
            for query in queries.chunks_exact(codes.dims()) {
                let started = Instant::now();
                let found = top_k(&Query::new(codes.query(query, metric)?, None), &rules, None, limit);
                ms.push(started.elapsed().as_secs_f64() * 1e3);
                anyhow::ensure!(found.len() == limit.min(codes.items()), "{} found", found.len());
            }
        }
        report.insert(metric.name().to_owned(), json!(ms));
    }
    println!("{}", serde_json::Value::Object(report));
    Ok(())
}
