//! The space that codes are made in: the directions of embeddings along their principal components, which those of adapted
//! ones are already.

use lookalike::codes::{Rotation, Space, axes_for};
use lookalike::embedding::norm;
use nalgebra::{DMatrix, SymmetricEigen};

use super::cache::Record;
use super::embeddings::{EmbeddingReader, Embeddings};

/// Products that components are found from at most; evenly spaced.
const SAMPLE: usize = 8192;
/// Matrices up to this side are decomposed whole.
const WHOLE: usize = 1024;
/// More directions than are wanted, so that the last wanted are right too; and rounds of iterating them.
const SPARE: usize = 64;
const ROUNDS: usize = 5;
/// Directions made orthogonal at a time.
const BLOCK: usize = 64;

/// Where a catalogue's codes are made, and what they are made of.
pub struct Coordinates {
    /// Mean and axes.
    pub space: Space,
    /// `[items, axes]`: directions less the mean.
    pub coefficients: Vec<f32>,
    /// `[items]`: L2 norms of embeddings.
    pub lengths: Vec<f64>,
}

/// The coordinates of `items`, all in memory.
///
/// # Errors
/// When an embedding cannot be read.
pub fn coordinates(embeddings: &Embeddings, items: &[Record]) -> anyhow::Result<Coordinates> {
    let (space, lengths) = space(embeddings, items)?;
    let coefficients = coefficients(embeddings, items.iter(), &space)?;
    Ok(Coordinates { space, coefficients, lengths })
}

/// The coefficients of `items` along the axes of `space`, `[items, axes]`: of their directions less the mean.
///
/// # Errors
/// When an embedding cannot be read.
pub fn coefficients<'a>(
    embeddings: &Embeddings,
    items: impl Iterator<Item = &'a Record>,
    space: &Space,
) -> anyhow::Result<Vec<f32>> {
    let mut coefficients = Vec::with_capacity(items.size_hint().0 * space.rotation.axes());
    let (mut reader, mut direction) = (embeddings.reader()?, vec![0f32; embeddings.dims()]);
    for item in items {
        read_direction(&mut reader, *item, &mut direction)?;
        direction.iter_mut().zip(&space.mean).for_each(|(value, mean)| *value -= mean);
        coefficients.extend(space.rotation.project(&direction));
    }
    Ok(coefficients)
}

/// The space of `items`, and their L2 norms.
///
/// # Errors
/// When an embedding cannot be read.
pub fn space(embeddings: &Embeddings, items: &[Record]) -> anyhow::Result<(Space, Vec<f64>)> {
    let dims = embeddings.dims();
    let mut reader = embeddings.reader()?;
    let mut direction = vec![0f32; dims];
    let (mut sums, mut lengths, mut positive) = (vec![0f64; dims], Vec::new(), true);
    for item in items {
        lengths.push(read_direction(&mut reader, *item, &mut direction)?);
        positive &= direction.iter().all(|value| *value >= 0.0);
        sums.iter_mut().zip(&direction).for_each(|(sum, value)| *sum += f64::from(*value));
    }
    let mean: Vec<f32> = sums.into_iter().map(|sum| (sum / items.len().max(1) as f64) as f32).collect();

    if embeddings.are_along_axes() {
        // They are along principal axes already. Any others would be rounded, and so not quite orthogonal, for nothing.
        let unit = DMatrix::<f32>::identity(dims, dims);
        return Ok((Space { mean, rotation: Rotation::new(unit.as_slice(), dims), positive }, lengths));
    }
    let sampled: Vec<Record> = items.iter().step_by(items.len().div_ceil(SAMPLE).max(1)).copied().collect();
    let mut sample = DMatrix::<f32>::zeros(dims, sampled.len());
    for (item, mut column) in sampled.iter().zip(sample.column_iter_mut()) {
        read_direction(&mut reader, *item, &mut direction)?;
        column.iter_mut().zip(direction.iter().zip(&mean)).for_each(|(to, (value, mean))| *to = value - mean);
    }
    let axes = principal_axes(&sample, axes_for(items.len(), dims).min(sampled.len().saturating_sub(1)));
    let rotation = Rotation::new(&axes, dims);
    Ok((Space { mean, rotation, positive }, lengths))
}

/// Reads an embedding's direction (zeros if it has none); gives its length.
fn read_direction(reader: &mut EmbeddingReader, item: Record, direction: &mut [f32]) -> anyhow::Result<f64> {
    reader.read(item, direction)?;
    let length = norm(direction);
    if length > 0.0 {
        direction.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
    }
    Ok(length)
}

/// The `count` unit vectors, `[count, dims]`, along which the columns of `sample`, `[dims, samples]`, vary most.
fn principal_axes(sample: &DMatrix<f32>, count: usize) -> Vec<f32> {
    let (dims, samples) = sample.shape();
    let axes = if samples < dims.min(WHOLE) {
        // Axes are combinations of the samples: their inner products are the smaller matrix.
        sample * top_eigenvectors(sample.tr_mul(sample), count)
    } else {
        let covariance = sample * sample.transpose();
        if dims <= WHOLE { top_eigenvectors(covariance, count) } else { by_iteration(&covariance, count) }
    };
    let unit = axes.column_iter().flat_map(|axis| {
        let norm = axis.norm();
        let scale = if norm > 0.0 { 1.0 / norm } else { 0.0 };
        (axis * scale).iter().copied().collect::<Vec<_>>()
    });
    unit.collect()
}

/// The eigenvectors of the `count` largest eigenvalues, as columns.
fn top_eigenvectors(symmetric: DMatrix<f32>, count: usize) -> DMatrix<f32> {
    let SymmetricEigen { eigenvectors, eigenvalues } = SymmetricEigen::new(symmetric);
    let mut order: Vec<usize> = (0..eigenvalues.len()).collect();
    order.sort_by(|a, b| eigenvalues[*b].total_cmp(&eigenvalues[*a]).then(a.cmp(b)));
    order.truncate(count);
    eigenvectors.select_columns(&order)
}

/// The same of a large matrix: orthogonal iteration, then the eigenvectors within the space found (Halko, Martinsson and
/// Tropp, arXiv 0909.4061).
fn by_iteration(symmetric: &DMatrix<f32>, count: usize) -> DMatrix<f32> {
    let columns = (count + SPARE).min(symmetric.nrows());
    // Any start serves; the same one gives the same bytes.
    let mut noise = noise(1);
    let mut found = DMatrix::from_fn(symmetric.nrows(), columns, |_, _| noise());
    for _ in 0..ROUNDS {
        found = symmetric * found;
        orthonormalise(&mut found);
    }
    let within = found.tr_mul(&(symmetric * &found));
    found * top_eigenvectors(within, count)
}

/// Numbers from -1 to 1, by Knuth's MMIX generator.
fn noise(mut state: u64) -> impl FnMut() -> f32 {
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

/// Gram and Schmidt's, by blocks of columns, each taken off twice since once is not exact.
fn orthonormalise(columns: &mut DMatrix<f32>) {
    let count = columns.ncols();
    for start in (0..count).step_by(BLOCK) {
        let width = BLOCK.min(count - start);
        let (before, mut rest) = columns.columns_range_pair_mut(..start, start..);
        let mut block = rest.columns_mut(0, width);
        for _ in 0..2 {
            if start > 0 {
                let along = before.tr_mul(&block);
                block.gemm(-1.0, &before, &along, 1.0);
            }
            for at in 0..width {
                let (others, mut own) = block.columns_range_pair_mut(..at, at);
                let along = others.tr_mul(&own);
                own.gemv(-1.0, &others, &along, 1.0);
                let norm = own.norm();
                if norm > 0.0 {
                    own.unscale_mut(norm);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns of which axis i has a spread of 1 / (i + 1), turned by a reflection.
    fn sample(dims: usize, samples: usize) -> (DMatrix<f32>, Vec<f32>) {
        let mut noise = noise(7);
        let mut sample = DMatrix::from_fn(dims, samples, |row, _| noise() / (row + 1) as f32);
        let normal: Vec<f32> = (0..dims).map(|at| if at % 3 == 0 { 1.0 } else { -0.5 }).collect();
        let normal = nalgebra::DVector::from(normal).normalize();
        let along = normal.tr_mul(&sample);
        sample -= &normal * along * 2.0;
        let mut first = vec![0f32; dims];
        first.iter_mut().enumerate().for_each(|(at, value)| {
            *value = f32::from(u8::from(at == 0)) - 2.0 * normal[0] * normal[at];
        });
        (sample, first)
    }

    #[test]
    fn each_way_finds_the_axis_of_most_variance_first() {
        let cosine = |axes: &[f32], want: &[f32]| {
            let product: f32 = axes.iter().zip(want).map(|(a, b)| a * b).sum();
            product.abs()
        };
        // Of few samples the axis of most variance is not yet that of their distribution, so it is held against the
        // covariance's.
        let (few, _) = sample(40, 30);
        let want = top_eigenvectors(&few * few.transpose(), 5);
        for (axis, want) in principal_axes(&few, 5).chunks(40).zip(want.column_iter()) {
            assert!(cosine(axis, want.as_slice()) > 0.9999, "by inner products of samples");
        }
        let (many, first) = sample(24, 2000);
        let axes = principal_axes(&many, 24);
        assert!(cosine(&axes, &first) > 0.999, "by the covariance");
        for (at, axis) in axes.chunks(24).enumerate() {
            for (other_at, other) in axes.chunks(24).enumerate() {
                let want = f32::from(u8::from(at == other_at));
                assert!((cosine(axis, other) - want).abs() < 1e-3, "axes are orthonormal");
            }
        }
        let (wide, first) = sample(200, 2000);
        let covariance = &wide * wide.transpose();
        let (iterated, want) = (by_iteration(&covariance, 3), top_eigenvectors(covariance, 3));
        assert!(cosine(iterated.column(0).as_slice(), &first) > 0.999, "by iteration");
        for (axis, want) in iterated.column_iter().zip(want.column_iter()) {
            assert!(cosine(axis.as_slice(), want.as_slice()) > 0.9999, "by iteration as whole");
        }
    }
}
