//! Sound inputs damaged by a seeded generator, for what must withstand them.

use lookalike::digest::Digest;
use serde_json::Value;

/// `original` with up to four faults; the same for the same `seed`.
pub fn mutated(original: &[u8], seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bytes = original.to_vec();
    for _ in 0..random.usize(1..=4) {
        if bytes.is_empty() {
            bytes.push(random.u8(..));
        }
        let at = random.usize(..bytes.len());
        let run = random.usize(1..=64).min(bytes.len() - at);
        match random.u8(..9) {
            0 => bytes[at] ^= 1 << random.u8(..8),
            1 => bytes[at] = random.choice([0, 1, 0x7f, 0x80, 0xff]).unwrap_or_default(),
            2 => bytes[at..at + run].fill(random.choice([0, 0xff]).unwrap_or_default()),
            3 => bytes[at..at + run].iter_mut().for_each(|byte| *byte = random.u8(..)),
            4 => bytes.truncate(at),
            5 => drop(bytes.drain(at..at + run)),
            6 => {
                let copy = bytes[at..at + run].to_vec();
                let to = random.usize(..=bytes.len());
                bytes.splice(to..to, copy);
            }
            7 => {
                let noise: Vec<u8> = (0..run).map(|_| random.u8(..)).collect();
                bytes.splice(at..at, noise);
            }
            _ => number_changed(&mut bytes, at, &mut random),
        }
    }
    bytes
}

/// The first number of text after `at` becomes one that nobody expects.
fn number_changed(bytes: &mut Vec<u8>, at: usize, random: &mut fastrand::Rng) {
    let Some(first) = bytes[at..].iter().position(u8::is_ascii_digit).map(|offset| at + offset) else {
        return;
    };
    let end = bytes[first..]
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .map_or(bytes.len(), |digits| first + digits);
    let numbers =
        ["-1", "0", "4294967296", "99999999999999999999", "1e309", "0.5", "NaN", "null", "\"\"", "[]"];
    bytes.splice(first..end, random.choice(numbers).unwrap_or_default().bytes());
}

/// Sets length and digest of `path` in the manifest to those of its content, so that what reads the file sees it.
pub fn vouch_for(manifest: &mut Value, path: &str, content: &[u8]) {
    match manifest {
        Value::Object(entries) => {
            if entries.get("path").and_then(Value::as_str) == Some(path) && entries.contains_key("sha256") {
                entries.insert("bytes".to_owned(), content.len().into());
                entries.insert("sha256".to_owned(), Digest::of(content).hex().into());
            }
            entries.values_mut().for_each(|value| vouch_for(value, path, content));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| vouch_for(value, path, content)),
        _ => {}
    }
}
