//! Options that name networks, and those of `precompute model compile` that say how one is compiled.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lookalike::network::{Component, Preprocessing};

/// The networks of `precompute build`.
#[derive(Args, Debug, Clone)]
pub struct NetworksArguments {
    /// The network whose neighbours are stored: slim, an ONNX file (of any operations that tract runs, such as a vision
    /// transformer's), or a folder made by `model compile`
    #[arg(long, value_name = "NETWORK", default_value = "slim")]
    pub model: String,
    /// The network that embeds shoppers' photos in the browser: slim, an ONNX file of convolutions, or a folder made by `model
    /// compile`. The folder has it, and codes are of its embeddings [default: that of --model if a browser can run it,
    /// else slim]
    #[arg(long, value_name = "NETWORK")]
    pub photo_model: Option<String>,
    /// The value of an ONNX file of --model to take as the embedding, as `model compile --output`
    #[arg(long, value_name = "NAME")]
    pub model_output: Option<String>,
    /// How pixels become the input of an ONNX file of --model, as `model compile --preprocessing`
    #[arg(long, value_enum)]
    pub model_preprocessing: Option<PreprocessingName>,
}

/// How a network is compiled.
#[derive(Args, Debug, Default)]
pub struct NetworkOptions {
    /// How weights are stored
    #[arg(long, value_enum, default_value_t = WeightsName::Int8)]
    pub weights: WeightsName,
    /// Step of the quantiser of --weights rans for the largest layer, relative to the root mean square of the weights of an
    /// output: smaller is larger and closer; smaller layers have finer steps [default: 0.2]
    #[arg(long, value_name = "STEP", value_parser = step)]
    pub weight_step: Option<f32>,
    /// Round the weights of --weights rans for photos such as those of this folder, so that errors make up for each other
    #[arg(long, value_name = "PHOTOS")]
    pub calibrate: Option<PathBuf>,
    /// How pixels become the network's input. Left out: caffe for a VGG-16, torch for any other network
    #[arg(long, value_enum)]
    pub preprocessing: Option<PreprocessingName>,
    /// Divide the embedding into components, in its order, each scaled to unit length times its weight, such as
    /// appearance:128:0.7,meaning:128:1. With a fourth number, print:128:3:1.5, one that is shorter than it counts by as much
    /// less. The dimensions of all add up to the embedding's
    #[arg(long, value_name = "NAME:DIMS:WEIGHT[:FULL-LENGTH],...", value_delimiter = ',', value_parser = component)]
    pub components: Vec<Component>,
}

fn step(text: &str) -> Result<f32, String> {
    let step = text.parse().ok().filter(|step: &f32| (0.001..=4.0).contains(step));
    step.ok_or_else(|| "give a number from 0.001 to 4".to_owned())
}

fn component(text: &str) -> Result<Component, String> {
    let wrong = || {
        format!(
            "{text} is not a component: give NAME:DIMENSIONS:WEIGHT, such as meaning:128:1, or NAME:DIMENSIONS:WEIGHT:FULL-LENGTH"
        )
    };
    let (name, dims, weight, full_length) = match text.split(':').collect::<Vec<_>>()[..] {
        [name, dims, weight] => (name, dims, weight, None),
        [name, dims, weight, full_length] => (name, dims, weight, Some(full_length)),
        _ => return Err(wrong()),
    };
    let dims = dims.parse().ok().filter(|dims: &u16| *dims > 0).ok_or_else(wrong)?;
    let weight = weight.parse().ok().filter(|weight: &f32| weight.is_finite() && *weight >= 0.0);
    let weight = weight.ok_or_else(wrong)?;
    let full_length = match full_length.map(str::parse) {
        None => None,
        Some(Ok(length)) if f32::is_finite(length) && length > 0.0 => Some(length),
        Some(_) => return Err(wrong()),
    };
    if name.is_empty() {
        Err(wrong())
    } else {
        Ok(Component { name: name.to_owned(), dims: dims.into(), weight, full_length })
    }
}

/// How weights are stored.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WeightsName {
    /// 8 bits a weight, one scale for each output channel
    #[default]
    Int8,
    /// Half precision
    F16,
    /// As they are
    F32,
    /// 8 bits, entropy-coded to about 4.4 in the largest layers; convolutions of few weights in half precision
    Rans,
}

/// How pixels become the network's input. Photos are squashed to the input's size by all of them.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreprocessingName {
    /// BGR, 0 to 255, minus 103.939, 116.779, 123.68 (Oxford's VGG-16, Keras)
    Caffe,
    /// RGB, 0 to 1, minus 0.485, 0.456, 0.406, over 0.229, 0.224, 0.225 (torchvision, ONNX Model Zoo)
    Torch,
    /// RGB, 0 to 1, minus 0.481, 0.458, 0.408, over 0.269, 0.261, 0.276 (CLIP's image towers)
    Clip,
    /// RGB, -1 to 1 (Google's vision transformers, TensorFlow)
    Symmetric,
}

impl PreprocessingName {
    /// For an input of `width` by `height` pixels.
    pub fn of_size(self, width: u32, height: u32) -> Preprocessing {
        match self {
            PreprocessingName::Caffe => Preprocessing::caffe(width, height),
            PreprocessingName::Torch => Preprocessing::torch(width, height),
            PreprocessingName::Clip => Preprocessing::clip(width, height),
            PreprocessingName::Symmetric => Preprocessing::symmetric(width, height),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_read() {
        for (text, full_length) in [("meaning:128:0.5", None), ("meaning:128:0.5:1.5", Some(1.5))] {
            let want = Component { name: "meaning".to_owned(), dims: 128, weight: 0.5, full_length };
            assert_eq!(component(text), Ok(want));
        }
        for wrong in [
            "",
            "meaning",
            "meaning:128",
            ":1:1",
            "a:0:1",
            "a:1:-1",
            "a:1:inf",
            "a:1:nan",
            "a:70000:1",
            "a:1:1:0",
            "a:1:1:nan",
            "a:1:1:1:1",
        ] {
            assert!(component(wrong).is_err(), "{wrong}");
        }
    }
}
