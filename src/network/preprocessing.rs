//! How a photo becomes a network's input. Part of the compiled network, so that nobody has to remember it.

use serde::{Deserialize, Serialize};

use crate::photo::{Region, resize};

/// The largest input side that is accepted: far over any network's, and bounds what a hostile description can ask for.
const LARGEST_SIDE: u32 = 1024;

/// Resize rule, channel order and scale. The input is f32 `[3, height, width]`, and
/// value = (byte * scale - mean) / deviation, by channel in the order the network reads them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// How the photo is brought to that size.
    pub fit: Fit,
    /// The order of the channels.
    pub channels: Channels,
    /// Multiplies every byte.
    pub scale: f32,
    /// Taken off, by channel.
    pub mean: [f32; 3],
    /// Divides, by channel.
    pub deviation: [f32; 3],
}

/// How a photo is brought to the input's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// Both sides are scaled independently; nothing is cut off.
    Squash,
}

/// The order of the channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channels {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
}

impl Preprocessing {
    /// Oxford's VGG-16 as in Caffe and Keras: BGR bytes minus ImageNet's means (Simonyan and Zisserman,
    /// arXiv 1409.1556, section 2.1; the means are those of the authors' released networks).
    pub fn caffe(width: u32, height: u32) -> Preprocessing {
        Preprocessing {
            width,
            height,
            fit: Fit::Squash,
            channels: Channels::Bgr,
            scale: 1.0,
            mean: [103.939, 116.779, 123.68],
            deviation: [1.0; 3],
        }
    }

    /// torchvision's and the ONNX Model Zoo's: RGB from 0 to 1, standardised by ImageNet's means and deviations.
    pub fn torch(width: u32, height: u32) -> Preprocessing {
        Preprocessing::rgb(width, height, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    }

    /// That of OpenAI's CLIP and of what follows it: RGB from 0 to 1, standardised by its own means and deviations
    /// (`clip.load` of github.com/openai/CLIP).
    pub fn clip(width: u32, height: u32) -> Preprocessing {
        let mean = [0.48145466, 0.4578275, 0.40821073];
        Preprocessing::rgb(width, height, mean, [0.26862954, 0.261_302_6, 0.275_777_1])
    }

    /// That of Google's vision transformers and of TensorFlow's Inception and MobileNet: RGB from -1 to 1.
    pub fn symmetric(width: u32, height: u32) -> Preprocessing {
        Preprocessing::rgb(width, height, [0.5; 3], [0.5; 3])
    }

    /// RGB from 0 to 1, standardised by `mean` and `deviation`.
    fn rgb(width: u32, height: u32, mean: [f32; 3], deviation: [f32; 3]) -> Preprocessing {
        Preprocessing {
            width,
            height,
            fit: Fit::Squash,
            channels: Channels::Rgb,
            scale: 1.0 / 255.0,
            mean,
            deviation,
        }
    }

    /// The network's input for a photo or a part of one: f32 `[3, height, width]`, row-major.
    pub fn apply<'a>(&self, of: impl Into<Region<'a>>) -> Vec<f32> {
        let photo = match self.fit {
            Fit::Squash => resize(of, self.width, self.height),
        };
        let source_channels = match self.channels {
            Channels::Rgb => [0, 1, 2],
            Channels::Bgr => [2, 1, 0],
        };
        let mut input = Vec::new();
        input.reserve_exact(photo.rgb().len());
        for ((channel, mean), deviation) in source_channels.into_iter().zip(self.mean).zip(self.deviation) {
            let value = |byte: u8| (f32::from(byte) * self.scale - mean) / deviation;
            input.extend(photo.rgb().iter().skip(channel).step_by(3).map(|byte| value(*byte)));
        }
        input
    }

    pub(super) fn check(&self) -> Result<(), &'static str> {
        let side = |side: u32| (1..=LARGEST_SIDE).contains(&side);
        let numbers = self.mean.iter().chain(&self.deviation).chain([&self.scale]);
        if !side(self.width) || !side(self.height) {
            return Err("has an input of an impossible size");
        }
        if numbers.into_iter().any(|number| !number.is_finite()) || self.deviation.contains(&0.0) {
            return Err("has preprocessing that is not numbers");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photo::Photo;

    #[test]
    fn channels_are_planes_in_the_networks_order() {
        let photo = Photo::new(2, 1, vec![10, 20, 30, 40, 50, 60]).expect("sizes match");
        let caffe = Preprocessing::caffe(2, 1).apply(&photo);
        let want =
            [30.0 - 103.939, 60.0 - 103.939, 20.0 - 116.779, 50.0 - 116.779, 10.0 - 123.68, 40.0 - 123.68];
        assert_eq!(caffe, want);
        let torch = Preprocessing::torch(2, 1).apply(&photo);
        assert!((torch[0] - (10.0 / 255.0 - 0.485) / 0.229).abs() < 1e-6);
        assert!((torch[5] - (60.0 / 255.0 - 0.406) / 0.225).abs() < 1e-6);
    }
}
