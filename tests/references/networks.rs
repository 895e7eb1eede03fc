//! Networks compiled from ONNX against ONNX Runtime on the same input.

use anyhow::ensure;
use lookalike::embedding::{Metric, distance};
use lookalike_tests::open_network;

use super::{f32s, references, text};

#[test]
fn compiled_networks_agree_with_onnx_runtime() -> anyhow::Result<()> {
    let Some((folder, index)) = references("networks")? else { return Ok(()) };
    let cases = index.as_array().map(Vec::as_slice).unwrap_or_default();
    ensure!(
        cases.len() == 20,
        "three backbones by two, three cases, two VGG-16 by three, its first blocks, two of several heads, two of several views: {}",
        cases.len()
    );
    for case in cases {
        let (name, weights) = (text(case, "name")?, text(case, "weights")?);
        let files = folder.join(text(case, "folder")?);
        let got = open_network(&files)?.run(&f32s(&files.join("input.f32"))?)?;
        let want = f32s(&files.join("output.f32"))?;
        ensure!(got.len() == want.len(), "{name}: {} numbers for {}", got.len(), want.len());
        let cosine = 1.0 - distance(Metric::Cosine, &got, &want);
        let error = got.iter().zip(&want).map(|(got, want)| (got - want).abs()).fold(0f32, f32::max);
        println!("{name} {weights}: cosine {cosine:.9}, largest difference {error:.2e}");
        // 8-bit weights are a loss that is chosen; what it costs is stated here and bounded against accidents.
        let least = if weights == "int8" { 0.99 } else { 0.999_99 };
        ensure!(cosine >= least, "{name} {weights}: cosine {cosine}");
        if name.contains("blocks") {
            let largest = want.iter().fold(0f32, |largest, value| largest.max(value.abs()));
            ensure!(error <= 1e-4 * largest, "{name}: off by {error} where the largest is {largest}");
        }
        if name.contains("case") {
            ensure!(error <= 1e-3, "{name}: off by {error}");
        }
    }
    Ok(())
}
