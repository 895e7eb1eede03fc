//! What the layers of a network read of real photos: the second moments of their inputs, by which weights are rounded.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use lookalike::network::Preprocessing;
use lookalike::photo::{Limits, decode};
use nalgebra::DMatrix;
use tract_onnx::prelude::*;

use crate::catalogue::{Exclude, PhotoNames, find_photos};

/// Photos that are looked at, evenly over the folder: moments need far fewer than a network's training.
const PHOTOS: usize = 32;

/// By tensor of weights the moments `[inputs, inputs]` of the values `readers` name, each a tensor and a value of `model` with
/// the inputs along axis 1, over the photos of `folder` and the places of each.
///
/// # Errors
/// When the folder has no photo, one cannot be read, or the network cannot be run.
pub fn moments(
    model: &TypedModel,
    readers: &[(usize, OutletId)],
    preprocessing: &Preprocessing,
    folder: &Path,
) -> anyhow::Result<BTreeMap<usize, DMatrix<f32>>> {
    let photos = {
        let names = PhotoNames::Found { known: HashSet::new() };
        find_photos(folder, &Exclude::new(&[], &[])?, &names, usize::MAX)?.photos
    };
    let mut outlets: Vec<OutletId> = readers.iter().map(|(_, outlet)| *outlet).collect();
    outlets.sort_unstable();
    outlets.dedup();
    let mut model = model.clone();
    model.select_output_outlets(&outlets)?;
    let plan = model.into_optimized()?.into_runnable()?;
    let shape = [1, 3, preprocessing.height as usize, preprocessing.width as usize];
    let mut moments: BTreeMap<OutletId, DMatrix<f32>> = BTreeMap::new();
    for photo in photos.iter().step_by(photos.len().div_ceil(PHOTOS)) {
        let path = folder.join(&photo.path);
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let photo = decode(&bytes, &Limits::default()).with_context(|| format!("{}", path.display()))?;
        let input = Tensor::from_shape(&shape, &preprocessing.apply(&photo))?;
        for (outlet, value) in outlets.iter().zip(plan.run(tvec!(input.into_tvalue()))?) {
            let inputs = *value.shape().get(1).context("a value without channels")?;
            let value = value.try_as_plain_ram()?.as_slice::<f32>()?.to_vec();
            ensure!(inputs > 0, "a value without channels");
            // Row-major `[inputs, places]` is column-major `[places, inputs]`.
            let value = DMatrix::from_vec(value.len() / inputs, inputs, value);
            let of_photo = value.tr_mul(&value) / value.nrows() as f32;
            let sum = moments.entry(*outlet).or_insert_with(|| DMatrix::zeros(inputs, inputs));
            *sum += of_photo;
        }
    }
    let mut by_tensor: BTreeMap<usize, DMatrix<f32>> = BTreeMap::new();
    for (tensor, outlet) in readers {
        let of_reader = &moments[outlet];
        by_tensor.entry(*tensor).and_modify(|sum| *sum += of_reader).or_insert_with(|| of_reader.clone());
    }
    Ok(by_tensor)
}
