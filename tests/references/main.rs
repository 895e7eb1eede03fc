//! Against independent implementations: ONNX Runtime, OpenCV, Pillow, scikit-learn. `make reference` has `make.py` write
//! their values and runs this; each test prints the figure it bounds.

mod cmyk;
mod indices;
mod neighbours;
mod networks;
mod preprocessing;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::Value;

/// The folder and index of one part of the references; says that the test skips where they were not made.
fn references(part: &str) -> anyhow::Result<Option<(PathBuf, Value)>> {
    let folder = match std::env::var_os("LOOKALIKE_REFERENCES") {
        Some(folder) => PathBuf::from(folder),
        None => {
            let test = std::env::current_exe()?;
            // target/release/deps/<test>
            test.ancestors().nth(3).context("tests run from the target folder")?.join("references")
        }
    };
    let folder = folder.join(part);
    let Ok(index) = fs::read_to_string(folder.join("index.json")) else {
        eprintln!("SKIPPED: the references of {part} are not there; run `make reference`");
        return Ok(None);
    };
    Ok(Some((folder, serde_json::from_str(&index)?)))
}

fn text<'a>(value: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    value[key].as_str().with_context(|| format!("the index has {key}"))
}

fn number(value: &Value, key: &str) -> anyhow::Result<u32> {
    Ok(value[key].as_u64().with_context(|| format!("the index has {key}"))?.try_into()?)
}

fn f32s(path: &Path) -> anyhow::Result<Vec<f32>> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    Ok(bytes.as_chunks::<4>().0.iter().map(|word| f32::from_le_bytes(*word)).collect())
}
