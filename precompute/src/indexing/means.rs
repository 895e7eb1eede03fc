//! How far apart two products are in the mean, by embeddings and by colours: what the dial between them is scaled by.

use lookalike::colour::Means;
use lookalike::embedding::{Metric, norm, sums};

use super::cache::Record;
use super::embeddings::Embeddings;

/// Products that are compared with each other; evenly spaced, so the same in every run.
const SAMPLE: usize = 400;

/// The mean distances of `items`; zeros where there are no two.
///
/// # Errors
/// When an embedding cannot be read.
pub fn means(embeddings: &Embeddings, items: &[Record]) -> anyhow::Result<Means> {
    let mut reader = embeddings.reader()?;
    let step = items.len().div_ceil(SAMPLE).max(1);
    let mut sample = Vec::new();
    for item in items.iter().step_by(step) {
        let mut embedding = vec![0f32; embeddings.dims()];
        reader.read(*item, &mut embedding)?;
        let norm = norm(&embedding);
        sample.push((embedding, norm, item.colours));
    }
    let mut means = Means::default();
    let mut pairs = 0u32;
    for (at, (a, a_norm, a_colours)) in sample.iter().enumerate() {
        for (b, b_norm, b_colours) in &sample[..at] {
            let sums = sums(a, b);
            for (mean, metric) in means.network.iter_mut().zip(Metric::ALL) {
                *mean += metric.distance(&sums, *a_norm, *b_norm);
            }
            means.colour += a_colours.distance(b_colours);
            pairs += 1;
        }
    }
    let pairs = f64::from(pairs.max(1));
    means.network.iter_mut().chain([&mut means.colour]).for_each(|mean| *mean /= pairs);
    Ok(means)
}
