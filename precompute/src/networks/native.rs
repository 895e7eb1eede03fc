//! A network of any operations that tract has, run by tract as it is: for neighbours that are stored, which no browser computes.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use lookalike::digest::Digest;
use lookalike::network::Preprocessing;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::DimLike;

use super::source::{embedding_outlet, read};
use crate::args::PreprocessingName;

/// A network that is ready to run. Cheap to share between threads; each run has its own scratch memory.
pub struct NativeNetwork {
    plan: Arc<TypedSimplePlan>,
    preprocessing: Preprocessing,
    identity: Digest,
    dims: usize,
}

impl NativeNetwork {
    /// Opens the ONNX file in `path`. `output` names the value that is the embedding, as for `model compile`; a value
    /// `[1, tokens, dims]`, which transformers give, counts with its first token, that of the class.
    ///
    /// # Errors
    /// When the file is no ONNX network of one picture, or tract cannot run it.
    pub fn open(
        path: &Path,
        output: Option<&str>,
        preprocessing: Option<PreprocessingName>,
    ) -> anyhow::Result<NativeNetwork> {
        let mut model = read(path).with_context(|| format!("reading the network {}", path.display()))?;
        let outlet = match (output, embeddings_by_name(&model)) {
            (None, Some(outlet)) => outlet,
            (output, _) => embedding_outlet(&model, output)?,
        };
        model.select_output_outlets(&[outlet])?;
        let shape = model.output_fact(0)?.shape.clone();
        let shape: Vec<usize> = shape.iter().map(|side| side.to_usize()).collect::<Result<_, _>>()?;
        // [1, dims], [1, dims, 1, 1], or [1, tokens, dims].
        let dims = match shape[..] {
            [1, _, dims] => dims,
            _ => shape.iter().product(),
        };
        ensure!(dims > 0, "{}: the embedding has no dimensions", path.display());
        let side = |axis: usize| -> anyhow::Result<u32> {
            Ok(model.input_fact(0)?.shape[axis].to_usize()?.try_into()?)
        };
        let (height, width) = (side(2)?, side(3)?);
        let preprocessing = preprocessing.unwrap_or(PreprocessingName::Torch).of_size(width, height);
        let identity = identity(path, output, &preprocessing)?;
        let plan = TypedSimplePlan::new(model.into_optimized().with_context(|| path.display().to_string())?)?;
        Ok(NativeNetwork { plan, preprocessing, identity, dims })
    }

    /// How a photo becomes the input.
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.preprocessing
    }

    /// Stands for the network, its weights and its preprocessing: embeddings may be compared if and only if it is the same.
    pub fn identity(&self) -> Digest {
        self.identity
    }

    /// Length of the embedding.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// The embeddings, `[n, dims]`, row-major, of preprocessed inputs, f32 `[n, 3, height, width]`.
    ///
    /// # Errors
    /// When `inputs` is not a number of whole inputs, or tract fails.
    pub fn run(&self, inputs: &[f32]) -> anyhow::Result<Vec<f32>> {
        let (height, width) = (self.preprocessing.height as usize, self.preprocessing.width as usize);
        let one = 3 * height * width;
        ensure!(inputs.len().is_multiple_of(one), "{} numbers are no inputs of {one}", inputs.len());
        let mut embeddings = Vec::with_capacity(inputs.len() / one * self.dims);
        for input in inputs.chunks_exact(one) {
            let input = Tensor::from_shape(&[1, 3, height, width], input)?;
            let outputs = self.plan.run(tvec!(input.into_tensor().into()))?;
            let output = outputs.first().context("the network gave nothing")?.cast_to::<f32>()?;
            let output = output.try_as_plain_ram()?;
            let first = output.as_slice::<f32>()?.get(..self.dims);
            let Some(first) = first else { bail!("the network gave fewer than {} numbers", self.dims) };
            embeddings.extend_from_slice(first);
        }
        Ok(embeddings)
    }
}

/// The output that exporters of image towers name as the embedding, if there is one.
fn embeddings_by_name(model: &TypedModel) -> Option<OutletId> {
    let named = |name: &str| {
        model.outputs.iter().find(|outlet| model.outlet_labels.get(outlet).is_some_and(|own| own == name))
    };
    ["features", "image_embeds", "image_embeddings", "pooler_output", "last_hidden_state"]
        .into_iter()
        .find_map(named)
        .copied()
}

/// The digest of the file, of the files beside it that hold its weights, if any do, of the output asked for and of the preprocessing.
fn identity(path: &Path, output: Option<&str>, preprocessing: &Preprocessing) -> anyhow::Result<Digest> {
    let model = tract_onnx::onnx().proto_model_for_path(path)?;
    let tensors = model.graph.iter().flat_map(|graph| &graph.initializer);
    let beside = tensors.flat_map(|tensor| &tensor.external_data).filter(|entry| entry.key == "location");
    let names: BTreeSet<&str> = beside.map(|entry| entry.value.as_str()).collect();
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut digests =
        vec![Digest::of(format!("{output:?} {}", serde_json::to_string(preprocessing)?).as_bytes())];
    for file in std::iter::once(path.to_path_buf()).chain(names.into_iter().map(|name| folder.join(name))) {
        let content = std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        digests.push(Digest::of(&content));
    }
    Ok(Digest::of_set(digests))
}
