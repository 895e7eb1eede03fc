//! Which layers of a network are run as fused 3x3 convolutions: no value between them leaves the cache.

use super::super::description::{Description, Op};

/// A 3x3 convolution that is fused with others, and what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvLayer {
    /// Number of the tensor of weights.
    pub weight: usize,
    /// Number of the tensor of biases.
    pub bias: usize,
    /// Whether a ReLU follows.
    pub relu: bool,
    /// Whether a 2x2 max-pool follows.
    pub pool: bool,
}

/// Layers that are run as one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FusedLayers {
    /// The first layer and the one after the last.
    pub layers: std::ops::Range<usize>,
    /// The convolutions.
    pub convs: Vec<ConvLayer>,
}

/// The fused convolutions of `description`, each run of layers as long as can be: the values within are read by the next layer
/// alone.
pub fn fused_layers(description: &Description) -> Vec<FusedLayers> {
    let layers = &description.layers;
    let mut readers = vec![0; layers.len() + 1];
    layers.iter().flat_map(|layer| &layer.inputs).for_each(|value| readers[*value] += 1);
    // Layer i makes value i + 1.
    let follows = |at: usize| at < layers.len() && layers[at].inputs == [at] && readers[at] == 1;
    let mut fused = Vec::new();
    let mut at = 0;
    while at < layers.len() {
        let start = at;
        let mut convs = Vec::new();
        while let Some((weight, bias)) = layers.get(at).and_then(|layer| convolution(description, &layer.op))
        {
            if at > start && !follows(at) {
                break;
            }
            at += 1;
            let relu = follows(at) && layers[at].op == Op::Relu { max: None };
            at += usize::from(relu);
            let pool = follows(at) && is_pool(&layers[at].op);
            at += usize::from(pool);
            convs.push(ConvLayer { weight, bias, relu, pool });
        }
        if convs.is_empty() {
            at += 1;
        } else {
            fused.push(FusedLayers { layers: start..at, convs });
        }
    }
    fused
}

/// The weights and biases of a 3x3 convolution that keeps the picture's size.
fn convolution(description: &Description, op: &Op) -> Option<(usize, usize)> {
    let Op::Conv { weight, bias, strides: [1, 1], dilations: [1, 1], padding: [1, 1, 1, 1], groups: 1 } = *op
    else {
        return None;
    };
    (description.tensors[weight].shape.get(2..) == Some(&[3, 3])).then_some((weight, bias))
}

fn is_pool(op: &Op) -> bool {
    *op == Op::MaxPool { kernel: [2, 2], strides: [2, 2], padding: [0; 4] }
}

#[cfg(test)]
mod tests {
    use super::super::super::description::{Encoding, Layer};
    use super::super::super::vgg16::Vgg16;
    use super::*;

    #[test]
    fn vgg16_is_one_chain_and_two_dense_layers() {
        let found = fused_layers(&Vgg16::SLIM.describe("slim", false, Encoding::F32));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].layers, 0..31);
        assert_eq!(found[0].convs.len(), 13);
        assert!(found[0].convs.iter().all(|conv| conv.relu));
        assert_eq!(found[0].convs.iter().filter(|conv| conv.pool).count(), 5);
    }

    #[test]
    fn a_value_that_is_read_elsewhere_ends_a_chain() {
        let mut description = Vgg16::SLIM.describe("slim", false, Encoding::F32);
        // The sum of what the first ReLU makes and what the second makes.
        let last = description.layers.len();
        description.layers.push(Layer { inputs: vec![2, 4], op: Op::Add });
        assert_eq!(last + 1, description.layers.len());
        let found = fused_layers(&description);
        assert_eq!(found.iter().map(|fused| fused.layers.clone()).collect::<Vec<_>>(), [0..2, 2..4, 5..31]);
    }

    #[test]
    fn other_convolutions_are_left_alone() {
        let mut description = Vgg16::SLIM.describe("slim", false, Encoding::F32);
        for layer in &mut description.layers {
            if let Op::Conv { strides, .. } = &mut layer.op {
                *strides = [2, 2];
            }
        }
        assert!(fused_layers(&description).is_empty());
    }
}
