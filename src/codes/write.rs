//! Writes the three files of a catalogue's codes.

use super::layer;
use super::model::Model;
use super::rotation::Rotation;
use super::steps::weights;
use super::train::{Coded, Coefficients, Numbers, code};
use super::{
    CODEC_MAGIC, CODEC_VERSION, CODES_MAGIC, CODES_VERSION, LENGTHS, REFINEMENT_MAGIC, REFINEMENT_VERSION,
};

/// Bytes of a product in the codes file, at most, in the mean, where nothing else is asked for.
pub const BYTES: f64 = 128.0;
/// Bytes of a product in the refinement, at most, in the mean.
pub const REFINEMENT_BYTES: f64 = 256.0;
/// Axes of the codes, at most.
pub const AXES: usize = 512;
/// Axes with those of the refinement, at most.
pub const REFINED_AXES: usize = 768;

/// Axes that pay in a catalogue of `items`: those that the refinement adds take at most half of its bytes.
pub fn axes_for(items: usize, dims: usize) -> usize {
    let more = (REFINEMENT_BYTES / 2.0 * items as f64 - REFINEMENT_HEAD) / axis_bytes(dims) as f64;
    dims.min(REFINED_AXES).min(AXES + more as usize)
}

/// Bytes of an axis in a file.
fn axis_bytes(dims: usize) -> usize {
    dims + 4
}

/// Where directions are coded.
pub struct Space {
    /// `[dims]`: of the directions.
    pub mean: Vec<f32>,
    /// At most [`REFINED_AXES`] axes, those of most variance first.
    pub rotation: Rotation,
    /// Whether no embedding has a number below 0.
    pub positive: bool,
}

/// The files.
pub struct Written {
    /// What codes are read by.
    pub codec: Vec<u8>,
    /// The codes.
    pub codes: Vec<u8>,
    /// What settles the ranking.
    pub refinement: Vec<u8>,
}

/// Codes embeddings of which `coefficients` are the directions less the mean along the axes of `space`, `[items, axes]`, and
/// `lengths` the L2 norms, `[items]`, in `bytes` a product, in the mean at most; 16 are the least that rank.
pub fn write(space: &Space, coefficients: &[f32], lengths: &[f64], bytes: f64, threads: usize) -> Written {
    let items = lengths.len();
    let Trained { base, refined } = Trained::of(space, coefficients, items, bytes, threads);
    let lengths = Lengths::of(lengths);

    let mut codes = header(CODES_MAGIC, CODES_VERSION);
    codes.extend((items as u32).to_le_bytes());
    layer::write(&base.model, &base.numbers, &lengths.codes, &mut codes);

    let mut refinement = refinement_head(space, &refined.model, &lengths, REFINEMENT_VERSION);
    refinement.extend((items as u32).to_le_bytes());
    layer::write(&refined.model, &refined.numbers, &lengths.refined, &mut refinement);
    Written { codec: codec(space, &base.model, &lengths), codes, refinement }
}

/// Both layers of some products.
pub(super) struct Trained {
    pub base: Coded,
    pub refined: Coded,
}

impl Trained {
    /// Learns from `coefficients`, `[products, axes]`, how to code a catalogue of `items`, and codes them.
    pub fn of(space: &Space, coefficients: &[f32], items: usize, bytes: f64, threads: usize) -> Trained {
        let all = space.rotation.axes();
        let axes = all.min(AXES);
        let weights = weights(coefficients, all);
        let own = first_axes(coefficients, all, axes);
        let to_code = Coefficients { values: &own, spreads: &spreads(&own, axes), weights: &weights[..axes] };
        let base = code(&to_code, bits(bytes, CODES_HEAD, items), threads);

        let lost = lost(&base.model, &base.numbers, coefficients, all);
        let to_code = Coefficients { values: &lost, spreads: &spreads(&lost, all), weights: &weights };
        let head = REFINEMENT_HEAD + ((all - axes) * axis_bytes(space.mean.len())) as f64;
        let refined = code(&to_code, bits(REFINEMENT_BYTES, head, items), threads);
        Trained { base, refined }
    }
}

/// Of each row of `all` coefficients the first `axes`.
pub(super) fn first_axes(coefficients: &[f32], all: usize, axes: usize) -> Vec<f32> {
    coefficients.chunks_exact(all.max(1)).flat_map(|row| &row[..axes]).copied().collect()
}

/// What `numbers` leave of `coefficients`, `[products, all]`.
pub(super) fn lost(model: &Model, numbers: &Numbers, coefficients: &[f32], all: usize) -> Vec<f32> {
    let axes = model.axes();
    let mut lost = coefficients.to_vec();
    for (row, lost) in lost.chunks_exact_mut(all.max(1)).enumerate() {
        let row = row * axes..(row + 1) * axes;
        let values = model.values(&numbers.numbers[row.clone()], &numbers.negative[row]);
        lost.iter_mut().zip(values).for_each(|(lost, value)| *lost -= value);
    }
    lost
}

/// The file that codes are read by.
pub(super) fn codec(space: &Space, model: &Model, lengths: &Lengths) -> Vec<u8> {
    let [first, _] = space.rotation.split_at(AXES);
    let mut codec = header(CODEC_MAGIC, CODEC_VERSION);
    codec.extend(u16::from(space.positive).to_le_bytes());
    codec.extend((space.mean.len() as u32).to_le_bytes());
    codec.extend(space.mean.iter().chain(&lengths.all).flat_map(|value| value.to_le_bytes()));
    first.write(&mut codec);
    model.write(&mut codec);
    codec
}

/// What the refinement is read by: its file up to the number of products.
pub(super) fn refinement_head(space: &Space, model: &Model, lengths: &Lengths, version: u16) -> Vec<u8> {
    let [_, more] = space.rotation.split_at(AXES);
    let mut refinement = header(REFINEMENT_MAGIC, version);
    refinement.extend(0u16.to_le_bytes());
    refinement.extend(lengths.factors.iter().flat_map(|value| value.to_le_bytes()));
    more.write(&mut refinement);
    model.write(&mut refinement);
    refinement
}

pub(super) fn header(magic: &[u8; 4], version: u16) -> Vec<u8> {
    [&magic[..], &version.to_le_bytes()].concat()
}

/// Bits of a row that leave room for its length, and for its share of its block's head and of the file's.
fn bits(bytes: f64, head: f64, items: usize) -> f64 {
    let share = (head / items.max(1) as f64).min(bytes / 2.0);
    8.0 * (bytes - 1.0 - 8.0 / 1024.0 - share)
}

/// Bytes before the codes, and about those before the refinement's, its axes aside, which come with what they are read by.
const CODES_HEAD: f64 = 24.0;
const REFINEMENT_HEAD: f64 = 16e3;

/// Standard deviations from 0 of `values`, `[products, axes]`.
fn spreads(values: &[f32], axes: usize) -> Vec<f32> {
    let mut sums = vec![0f64; axes];
    for row in values.chunks_exact(axes.max(1)) {
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value) * f64::from(*value));
    }
    let rows = (values.len() / axes.max(1)).max(1);
    sums.into_iter().map(|sum| (sum / rows as f64).sqrt() as f32).collect()
}

/// Lengths in a byte and a byte more: logarithms, evenly spaced.
pub(super) struct Lengths {
    all: Vec<f32>,
    factors: Vec<f32>,
    pub codes: Vec<u8>,
    pub refined: Vec<u8>,
}

impl Lengths {
    pub fn of(lengths: &[f64]) -> Lengths {
        let logarithms = lengths.iter().filter(|length| **length > 0.0).map(|length| length.ln());
        let (least, most) = logarithms
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), l| (least.min(l), most.max(l)));
        // 0 is for a length of 0, the others for what is from the least to the most.
        let steps = (LENGTHS - 2) as f64;
        let step = if most > least { (most - least) / steps } else { 0.0 };
        let length = |code: usize| match code {
            0 => 0.0,
            _ if least.is_finite() => (least + (code - 1) as f64 * step).exp() as f32,
            _ => 0.0,
        };
        let all: Vec<f32> = (0..LENGTHS).map(length).collect();
        let factor = |code: usize| ((code as f64 / (LENGTHS - 1) as f64 - 0.5) * step).exp() as f32;
        let (mut codes, mut refined) = (Vec::new(), Vec::new());
        for length in lengths {
            let code = match *length > 0.0 && step > 0.0 {
                true => ((length.ln() - least) / step).round().clamp(0.0, steps) as usize + 1,
                false => usize::from(*length > 0.0),
            };
            let rest = if code > 0 && step > 0.0 { (length / f64::from(all[code])).ln() / step } else { 0.0 };
            codes.push(code as u8);
            refined.push(((rest + 0.5) * (LENGTHS - 1) as f64).round().clamp(0.0, 255.0) as u8);
        }
        Lengths { factors: (0..LENGTHS).map(factor).collect(), all, codes, refined }
    }
}
