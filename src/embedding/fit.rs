//! Fits the adaptation to a catalogue: the mean of its embeddings, their principal axes and the variance along each.
//!
//! Sums are in f64 and in an order that does not depend on the number of threads, so the same embeddings give the same file.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use nalgebra::{DMatrix, SymmetricEigen};

use super::Component;
use super::adaptation::{AdaptError, Adaptation, AdaptedComponent, MAX_AXES, MAX_AXES_TOGETHER, unit};

/// Matrices up to this side are decomposed whole.
const WHOLE: usize = 1024;
/// Directions iterated beyond those that are wanted, so that the last wanted are right too; and rounds of iterating them.
const SPARE: usize = 64;
const ROUNDS: usize = 8;
/// Columns of the covariance that one thread computes at a time, and embeddings multiplied at a time.
const BAND: usize = 128;
const CHUNK: usize = 512;
/// Variance of an axis, as a part of the largest axis's, below which it is rounding error.
const LEAST_VARIANCE: f64 = 1e-6;

/// Why no adaptation can be fitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// An embedding is not of finite numbers.
    #[error("embedding {row}: {error}")]
    Embedding {
        /// Its row.
        row: usize,
        /// What is wrong with it.
        error: AdaptError,
    },
    /// All embeddings have one direction.
    #[error("the embeddings of all products are alike, so there is nothing to adapt to")]
    Alike,
}

/// Fits an adaptation to the embeddings `rows`, `[n, dims]`, as the network gives them, on `threads` threads. `components` are
/// of `dims` dimensions together; each is fitted by itself. `products` is the number of photos that the rows stand for, of which
/// they may be a sample. Components of zeros are left out.
///
/// # Errors
/// [`FitError`] when a number is not finite, or no two embeddings have different directions.
pub fn fit(
    rows: &[f32],
    components: &[Component],
    products: u32,
    threads: usize,
) -> Result<Adaptation, FitError> {
    let dims: usize = components.iter().map(|component| component.dims).sum();
    let (mut fitted, mut start) = (Vec::new(), 0);
    for (component, axes) in components.iter().zip(axes_of(components)) {
        let range = start..start + component.dims;
        start = range.end;
        let own = rows.chunks_exact(dims.max(1)).map(|row| &row[range.clone()]);
        fitted.push(fit_component(own, *component, axes, threads)?);
    }
    let adaptation = Adaptation::new(products, fitted);
    match adaptation.axes() {
        0 => Err(FitError::Alike),
        _ => Ok(adaptation),
    }
}

/// Axes of each component: as many as it has dimensions, up to the largest numbers; beyond that all in proportion.
fn axes_of(components: &[Component]) -> Vec<usize> {
    let wanted: Vec<usize> = components.iter().map(|component| component.dims.min(MAX_AXES)).collect();
    let all: usize = wanted.iter().sum();
    let share =
        |axes: usize| if all > MAX_AXES_TOGETHER { (axes * MAX_AXES_TOGETHER / all).max(1) } else { axes };
    wanted.into_iter().map(share).collect()
}

/// The adaptation of one component, `rows` of `[dims]` each, by at most `most` axes; by none if it is the same in all. Axes of a
/// component by length are about zero, and photos count by the square of how much they have of it.
fn fit_component<'a>(
    rows: impl Iterator<Item = &'a [f32]>,
    component: Component,
    most: usize,
    threads: usize,
) -> Result<AdaptedComponent, FitError> {
    let dims = component.dims;
    let mut centred = Vec::new();
    let mut mean = vec![0f64; dims];
    for (row, own) in rows.enumerate() {
        let direction = unit(own).map_err(|error| FitError::Embedding { row, error })?;
        let Some(direction) = direction else { continue };
        if component.by_length {
            centred.extend(own.iter().map(|value| value / component.weight));
            continue;
        }
        mean.iter_mut().zip(&direction).for_each(|(sum, value)| *sum += f64::from(*value));
        centred.extend(direction);
    }
    let count = centred.len() / dims.max(1);
    mean.iter_mut().for_each(|sum| *sum /= count.max(1) as f64);
    let mean: Vec<f32> = mean.into_iter().map(|value| value as f32).collect();
    for row in centred.chunks_exact_mut(dims.max(1)) {
        row.iter_mut().zip(&mean).for_each(|(value, mean)| *value -= mean);
    }
    let axes = principal_axes(&centred, dims, most.min(count.saturating_sub(1)), threads);
    let largest = axes.first().map_or(0.0, |axis| axis.variance);
    // Below this, directions differ by no more than the rounding of f32.
    if largest <= f64::from(f32::EPSILON) * f64::from(f32::EPSILON) {
        return Ok(AdaptedComponent::new(component, mean, &[]));
    }
    let kept = axes.into_iter().filter(|axis| axis.variance >= LEAST_VARIANCE * largest);
    let scaled = kept.flat_map(|Axis { variance, direction }| {
        let factor = variance.powf(-0.25);
        direction.into_iter().map(move |value| value * factor)
    });
    Ok(AdaptedComponent::new(component, mean, &scaled.collect::<Vec<_>>()))
}

/// A direction along which embeddings vary.
struct Axis {
    variance: f64,
    /// `[dims]`, of unit length, its largest number positive.
    direction: Vec<f64>,
}

/// The `count` axes along which `centred`, `[n, dims]`, varies most, that of most variance first.
fn principal_axes(centred: &[f32], dims: usize, count: usize, threads: usize) -> Vec<Axis> {
    let samples = centred.len() / dims.max(1);
    if count == 0 {
        return Vec::new();
    }
    let axes = if samples <= dims.min(WHOLE) {
        // Axes are combinations of the samples: their inner products are the smaller matrix.
        let columns = DMatrix::from_iterator(dims, samples, centred.iter().map(|value| f64::from(*value)));
        let (variances, vectors) = top_eigenvectors(columns.tr_mul(&columns), count);
        (variances, columns * vectors)
    } else {
        let covariance = covariance(centred, dims, threads);
        if dims <= WHOLE { top_eigenvectors(covariance, count) } else { by_iteration(&covariance, count) }
    };
    let (sums, vectors) = axes;
    let axis = |(sum, vector): (f64, nalgebra::DVectorView<f64>)| {
        let largest =
            vector.iter().fold(0f64, |most, value| if value.abs() > most.abs() { *value } else { most });
        let scale = largest.signum() / vector.norm();
        // A direction of no variance has no length here.
        let variance = if scale.is_finite() { sum.max(0.0) / samples as f64 } else { 0.0 };
        Axis { variance, direction: vector.iter().map(|value| value * scale).collect() }
    };
    sums.into_iter().zip(vectors.column_iter()).map(axis).collect()
}

/// The sums of products of `rows`' columns, `[dims, dims]`; both halves.
fn covariance(rows: &[f32], dims: usize, threads: usize) -> DMatrix<f64> {
    let bands = dims.div_ceil(BAND);
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let band = next.fetch_add(1, Ordering::Relaxed);
            if band >= bands {
                return done;
            }
            let (first, width) = (band * BAND, BAND.min(dims - band * BAND));
            let mut sums = DMatrix::<f64>::zeros(dims - first, width);
            for chunk in rows.chunks(CHUNK * dims) {
                let below =
                    chunk.chunks_exact(dims).flat_map(|row| &row[first..]).map(|value| f64::from(*value));
                let below = DMatrix::from_iterator(dims - first, chunk.len() / dims, below);
                sums.gemm(1.0, &below, &below.rows(0, width).transpose(), 1.0);
            }
            done.push((first, sums));
        }
    };
    let done: Vec<(usize, DMatrix<f64>)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.clamp(1, bands)).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker's panic is a bug")).collect()
    });
    let mut covariance = DMatrix::zeros(dims, dims);
    for (first, sums) in done {
        covariance.view_mut((first, first), sums.shape()).copy_from(&sums);
    }
    covariance.fill_upper_triangle_with_lower_triangle();
    covariance
}

/// The `count` largest eigenvalues, descending, and their eigenvectors as columns.
fn top_eigenvectors(symmetric: DMatrix<f64>, count: usize) -> (Vec<f64>, DMatrix<f64>) {
    let SymmetricEigen { eigenvectors, eigenvalues } = SymmetricEigen::new(symmetric);
    let mut order: Vec<usize> = (0..eigenvalues.len()).collect();
    order.sort_by(|a, b| eigenvalues[*b].total_cmp(&eigenvalues[*a]).then(a.cmp(b)));
    order.truncate(count);
    (order.iter().map(|at| eigenvalues[*at]).collect(), eigenvectors.select_columns(&order))
}

/// The same of a large matrix: orthogonal iteration, then the eigenvectors within the space found (Halko, Martinsson and
/// Tropp, arXiv 0909.4061).
fn by_iteration(symmetric: &DMatrix<f64>, count: usize) -> (Vec<f64>, DMatrix<f64>) {
    let columns = (count + SPARE).min(symmetric.nrows());
    // Any start serves; the same one gives the same bytes. The generator is Knuth's MMIX.
    let mut state = 1u64;
    let mut found = DMatrix::from_fn(symmetric.nrows(), columns, |_, _| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1u64 << 23) as f64 - 1.0
    });
    for _ in 0..ROUNDS {
        found = (symmetric * found).qr().q();
    }
    let (values, vectors) = top_eigenvectors(found.tr_mul(&(symmetric * &found)), count);
    (values, found * vectors)
}

#[cfg(test)]
#[path = "adaptation_tests.rs"]
mod tests;
