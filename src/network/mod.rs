//! The network: from a photo to its embedding.
//!
//! A compiled network is a [`Description`] and weights. It is put together part by part ([`Loader`]) and run by tract,
//! natively and in wasm by the same code. ONNX is not read here but in `precompute`, which compiles it to this form.

mod convolution;
mod dense;
mod description;
mod entropy;
mod graph;
mod head;
mod parts;
mod preprocessing;
#[cfg(test)]
mod tests;
mod vgg16;
mod weights;

use std::sync::Arc;

use tract_core::internal::{DimLike, IntoTensor, Tensor, TractError, TypedModel, TypedSimplePlan, tvec};

#[doc(hidden)] // for tests/bench/kernels.rs
pub use convolution::{ConvLayer, ConvWeights, FusedConvs, multiply_adds};
pub use description::{Component, Description, Encoding, Layer, Op, PartEntry, TensorEntry};
pub use entropy::{encode_rans8, encode_rans8_numbers, rans8_scales};
pub use parts::{Loader, PART_BYTES, write_parts};
pub use preprocessing::{Channels, Fit, Preprocessing};
pub use vgg16::{Vgg16, random_weights};
pub use weights::{Weights, balanced, encode, has_outliers};

use crate::digest::Digest;
use crate::format::FormatError;
use crate::photo::Region;
use head::Head;

/// Why there is no network or no embedding.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// A part was not given to the loader.
    #[error("{0} is missing")]
    MissingPart(String),
    /// A stored tensor is refused.
    #[error("the network {0}")]
    Format(#[from] FormatError),
    /// Layers do not fit each other, or the machine ran out of something.
    #[error("the network cannot be run: {0}")]
    Run(String),
}

impl NetworkError {
    /// A stable name of the kind of failure, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            NetworkError::MissingPart(_) => "network/missing-part",
            NetworkError::Format(error) => error.code(),
            NetworkError::Run(_) => "network/failed",
        }
    }
}

/// A network that is ready to run. Cheap to share between threads; each run has its own scratch memory.
pub struct Network {
    description: Description,
    identity: Digest,
    /// Everything before the head, for one photo.
    plan: Arc<TypedSimplePlan>,
    head: Head,
}

impl Network {
    fn build(
        description: Description,
        identity: Digest,
        mut weights: impl FnMut(usize) -> Result<Weights, FormatError>,
    ) -> Result<Network, NetworkError> {
        let failed = |error: TractError| NetworkError::Run(format!("{error:#}"));
        let mut weights = |index| Ok(weights(index)?);
        let start = Head::start(&description);
        let model: TypedModel = graph::model(&description, start, &mut weights).map_err(failed)?;
        let made =
            model.output_fact(0).and_then(|fact| Ok(fact.shape.volume().to_usize()?)).map_err(failed)?;
        let plan = model.into_optimized().and_then(TypedSimplePlan::new).map_err(failed)?;
        let head = Head::new(&description, start, made, weights).map_err(failed)?;
        Ok(Network { description, identity, plan, head })
    }

    /// What `network.json` says.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// SHA-256 of `network.json`, and so of every weight: embeddings may be compared if and only if it is the same.
    pub fn identity(&self) -> Digest {
        self.identity
    }

    /// Length of the embedding.
    pub fn dims(&self) -> usize {
        self.description.dims
    }

    /// The embedding of a photo or a part of one, `[dims]`.
    ///
    /// # Errors
    /// [`NetworkError::Run`].
    pub fn embed<'a>(&self, of: impl Into<Region<'a>>) -> Result<Vec<f32>, NetworkError> {
        self.run(&self.description.preprocessing.apply(of))
    }

    /// The embeddings, `[n, dims]`, row-major, of preprocessed inputs, f32 `[n, 3, height, width]`.
    ///
    /// Each is the same to the bit as by itself; several at once read the weights of fc6 and fc7 once.
    ///
    /// # Errors
    /// [`NetworkError::Run`], also when `inputs` is not a number of whole inputs or an embedding is not finite.
    pub fn run(&self, inputs: &[f32]) -> Result<Vec<f32>, NetworkError> {
        let failed = |error: TractError| NetworkError::Run(format!("{error:#}"));
        let preprocessing = &self.description.preprocessing;
        let (height, width) = (preprocessing.height as usize, preprocessing.width as usize);
        let one = 3 * height * width;
        if !inputs.len().is_multiple_of(one) {
            return Err(NetworkError::Run(format!("{} numbers are no inputs of {one}", inputs.len())));
        }
        let mut made = Vec::with_capacity(inputs.len() / one * self.head.inputs());
        for input in inputs.chunks_exact(one) {
            let input = Tensor::from_shape(&[1, 3, height, width], input).map_err(failed)?;
            let outputs = self.plan.run(tvec!(input.into_tensor().into())).map_err(failed)?;
            let output = outputs[0].try_as_plain_ram().map_err(failed)?;
            made.extend_from_slice(output.as_slice::<f32>().map_err(failed)?);
        }
        let mut embeddings = self.head.apply(made);
        if embeddings.iter().any(|value| !value.is_finite()) {
            return Err(NetworkError::Run("its output is not a finite number".to_owned()));
        }
        Component::scale(&self.description.components, &mut embeddings);
        Ok(embeddings)
    }
}

/// Name of the kernel that tract multiplies an f32 matrix `[m, k]` by one `[k, n]` with on this machine: what tells a
/// build that has lost its SIMD kernels, which still works and is many times slower.
pub fn matrix_kernel(m: usize, k: usize, n: usize) -> Option<String> {
    let f32 = tract_core::internal::DatumType::F32;
    let kernels = tract_core::tract_linalg::MmmDispatch::native();
    kernels.preferred_kernel(f32, Some(m), Some(k), Some(n)).map(|kernel| kernel.name().to_owned())
}
