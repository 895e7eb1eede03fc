//! The dense layers that a network ends with (VGG's fc6 and fc7), run for several photos at once, so that their weights are
//! read once.

use tract_core::internal::{TractResult, ensure};

use super::dense::Dense;
use super::description::{Description, Op};
use super::weights::Weights;

/// None, where a network ends otherwise.
pub(super) struct Head {
    layers: Vec<Layer>,
    /// Numbers of a photo that the first layer reads.
    inputs: usize,
}

struct Layer {
    dense: Dense,
    /// Whether a ReLU follows, and the ceiling it may have.
    relu: Option<f32>,
}

impl Head {
    /// The number of the first layer that belongs to the head.
    pub(super) fn start(description: &Description) -> usize {
        let layers = &description.layers;
        let follows = |at: &usize| {
            matches!(layers[*at].op, Op::Dense { .. } | Op::Relu { .. }) && layers[*at].inputs == [*at]
        };
        let all = (0..layers.len()).rev().take_while(follows).count();
        let start = layers.len() - all;
        let others = layers[start..].iter().take_while(|layer| !matches!(layer.op, Op::Dense { .. })).count();
        start + others
    }

    /// The layers of `description` from `start`, which read `inputs` numbers of each photo.
    ///
    /// # Errors
    /// When sizes do not fit each other, or what the last layer makes is not the embedding.
    pub(super) fn new(
        description: &Description,
        start: usize,
        inputs: usize,
        mut weights: impl FnMut(usize) -> TractResult<Weights>,
    ) -> TractResult<Head> {
        let mut head = Head { layers: Vec::new(), inputs };
        let mut numbers = inputs;
        for layer in &description.layers[start..] {
            match (&layer.op, head.layers.last_mut()) {
                (Op::Dense { weight, bias }, _) => {
                    let dense = Dense::new(weights(*weight)?, numbers, weights(*bias)?.into_f32())?;
                    numbers = dense.out();
                    head.layers.push(Layer { dense, relu: None });
                }
                (Op::Relu { max }, Some(last)) => {
                    let ceiling = max.unwrap_or(f32::INFINITY);
                    last.relu = Some(last.relu.map_or(ceiling, |lower| lower.min(ceiling)));
                }
                _ => unreachable!("a head is of dense layers, each with ReLUs after it"),
            }
        }
        ensure!(
            numbers == description.dims,
            "the last layer makes {numbers} numbers, not {}",
            description.dims
        );
        Ok(head)
    }

    /// Numbers of a photo that it reads.
    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    /// `[n, dims]` from `[n, inputs]`.
    pub(super) fn apply(&self, mut values: Vec<f32>) -> Vec<f32> {
        for Layer { dense, relu } in &self.layers {
            values = dense.apply(&values);
            if let Some(ceiling) = relu {
                values.iter_mut().for_each(|value| *value = value.max(0.0).min(*ceiling));
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::super::description::{Encoding, Layer};
    use super::super::vgg16::Vgg16;
    use super::*;

    #[test]
    fn vgg16_ends_with_fc6_and_fc7() {
        let description = Vgg16::SLIM.describe("slim", false, Encoding::F32);
        assert_eq!(Head::start(&description), 31);
    }

    #[test]
    fn a_sum_ends_it() {
        let mut description = Vgg16::SLIM.describe("slim", false, Encoding::F32);
        let last = description.layers.len();
        description.layers.push(Layer { inputs: vec![last, last - 1], op: Op::Add });
        assert_eq!(Head::start(&description), last + 1);
        description.layers.push(Layer { inputs: vec![last + 1], op: Op::Relu { max: None } });
        assert_eq!(Head::start(&description), last + 2, "a ReLU alone is none");
    }
}
