//! Which layers of a network are run as one by the kernels for pointwise and depthwise convolutions.

use super::super::description::{Description, Op};
use super::kernel::Limits;
use super::separable::Window;

/// Inputs of so few channels are those of a photo: their blocks of 16 would be nearly all padding.
const FEW_CHANNELS: usize = 4;

/// What a convolution is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Of few channels, whatever its windows.
    First(Window),
    /// 1x1.
    Pointwise,
    /// 3x3, each channel by itself.
    Depthwise(Window),
}

/// A convolution and what is run with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The layers, in the order of the description; what the last makes is what the group makes.
    pub layers: Vec<usize>,
    /// Number of the value read.
    pub input: usize,
    /// What it is.
    pub kind: Kind,
    /// Numbers of its tensors: weights and bias.
    pub tensors: [usize; 2],
    /// Tensors of the pointwise convolution before a depthwise one, and the limits of the ReLU between them.
    pub expansion: Option<([usize; 2], Limits)>,
    /// Number of the value that is added to a pointwise convolution's.
    pub added: Option<usize>,
    /// Of the ReLU at the end.
    pub limits: Limits,
}

/// The groups among the first `count` layers of `description`, none of which is `taken`; values within a group are read by
/// nothing else.
pub fn groups(description: &Description, count: usize, taken: impl Fn(usize) -> bool) -> Vec<Group> {
    let layers = &description.layers[..count];
    // By value; what the last layer makes is read from outside.
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); count + 1];
    for (number, layer) in layers.iter().enumerate() {
        layer.inputs.iter().for_each(|value| readers[*value].push(number));
    }
    readers[count].push(usize::MAX);
    // The one layer that reads what `layer` makes.
    let next = |layer: usize| match readers[layer + 1][..] {
        [only] if only < count && !taken(only) => Some(only),
        _ => None,
    };
    let relu = |layer: usize| match next(layer).map(|next| (next, &layers[next].op)) {
        Some((next, Op::Relu { max })) => Some((next, limits(*max))),
        _ => None,
    };
    let mut grouped = vec![false; count];
    let mut groups = Vec::new();
    for start in 0..count {
        let Some((mut kind, mut tensors)) =
            kind(description, &layers[start].op).filter(|_| !grouped[start] && !taken(start))
        else {
            continue;
        };
        let (mut last, mut members, mut expansion, mut added) = (start, vec![start], None, None);
        let mut join = |layer: usize, last: &mut usize| {
            members.push(layer);
            *last = layer;
        };
        let mut limits = NO_LIMITS;
        if let Some((relu, found)) = relu(last) {
            join(relu, &mut last);
            limits = found;
        }
        if kind == Kind::Pointwise
            && let Some(deep) = next(last)
            && let Some((Kind::Depthwise(window), of_deep)) = self::kind(description, &layers[deep].op)
        {
            join(deep, &mut last);
            expansion = Some((tensors, limits));
            (kind, tensors, limits) = (Kind::Depthwise(window), of_deep, NO_LIMITS);
            if let Some((relu, found)) = relu(last) {
                join(relu, &mut last);
                limits = found;
            }
        }
        // A sum comes before a ReLU, so there was none yet; and of two convolutions that are added the first takes the sum.
        if kind == Kind::Pointwise
            && last == start
            && let Some(sum) = next(last).filter(|sum| layers[*sum].op == Op::Add && !grouped[*sum])
            && let [a, b] = layers[sum].inputs[..]
        {
            join(sum, &mut last);
            added = Some(if a == start + 1 { b } else { a });
            if let Some((relu, found)) = relu(last) {
                join(relu, &mut last);
                limits = found;
            }
        }
        members.iter().for_each(|layer| grouped[*layer] = true);
        let input = layers[start].inputs[0];
        groups.push(Group { layers: members, input, kind, tensors, expansion, added, limits });
    }
    groups
}

const NO_LIMITS: Limits = Limits { floor: f32::NEG_INFINITY, ceiling: f32::INFINITY };

fn limits(max: Option<f32>) -> Limits {
    Limits { floor: 0.0, ceiling: max.unwrap_or(f32::INFINITY) }
}

/// What a convolution is, and its tensors; none if it is of another kind than the kernels know.
fn kind(description: &Description, op: &Op) -> Option<(Kind, [usize; 2])> {
    let Op::Conv { weight, bias, strides, dilations, padding, groups } = *op else { return None };
    let [outputs, depth, height, width] = description.tensors[weight].shape[..] else { return None };
    let window = Window { kernel: [height, width], strides, dilations, padding };
    let kind = if groups == 1
        && window == (Window { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], padding: [0; 4] })
    {
        Kind::Pointwise
    } else if groups == 1
        && depth <= FEW_CHANNELS
        && dilations == [1, 1]
        && (0..4).all(|side| padding[side] < window.kernel[side % 2])
    {
        Kind::First(window)
    } else if groups > 1
        && (outputs, depth) == (groups, 1)
        && (window.kernel, dilations) == ([3, 3], [1, 1])
        && matches!(strides, [1, 1] | [2, 2])
        && padding.iter().all(|zeros| *zeros <= 1)
    {
        Kind::Depthwise(window)
    } else {
        return None;
    };
    Some((kind, [weight, bias]))
}

#[cfg(test)]
mod tests {
    use super::super::super::description::{Encoding, Layer, TensorEntry};
    use super::super::super::preprocessing::Preprocessing;
    use super::*;

    /// A first convolution, an inverted residual block, the mean of what `also_read` makes, and the mean of the block.
    fn block(also_read: usize) -> Description {
        let (mut layers, mut tensors) = (Vec::new(), Vec::new());
        let mut push = |inputs: &[usize], op: Op| layers.push(Layer { inputs: inputs.to_vec(), op });
        let mut conv = |shape: [usize; 4], strides: [usize; 2], groups: usize| {
            for shape in [shape.to_vec(), vec![shape[0]]] {
                tensors.push(TensorEntry { shape, encoding: Encoding::F32 });
            }
            let padding = [usize::from(shape[2] == 3); 4];
            let (weight, bias) = (tensors.len() - 2, tensors.len() - 1);
            Op::Conv { weight, bias, strides, dilations: [1, 1], padding, groups }
        };
        let relu6 = || Op::Relu { max: Some(6.0) };
        push(&[0], conv([24, 3, 3, 3], [2, 2], 1)); // 0
        push(&[1], relu6());
        push(&[2], conv([72, 24, 1, 1], [1, 1], 1)); // 2
        push(&[3], relu6());
        push(&[4], conv([72, 1, 3, 3], [1, 1], 72)); // 4
        push(&[5], relu6());
        push(&[6], conv([24, 72, 1, 1], [1, 1], 1)); // 6
        push(&[2, 7], Op::Add);
        push(&[also_read], Op::GlobalAveragePool);
        push(&[8], Op::GlobalAveragePool);
        push(&[9, 10], Op::Concat);
        Description::new("block".into(), true, Preprocessing::torch(8, 8), 24, layers, tensors)
    }

    fn layers(description: &Description) -> Vec<Vec<usize>> {
        let found = groups(description, description.layers.len(), |_| false);
        found.into_iter().map(|group| group.layers).collect()
    }

    #[test]
    fn a_block_is_run_in_two_steps() {
        let description = block(8);
        assert_eq!(layers(&description), [vec![0, 1], vec![2, 3, 4, 5], vec![6, 7]]);
        let found = groups(&description, 11, |_| false);
        let relu6 = Limits { floor: 0.0, ceiling: 6.0 };
        assert_eq!((found[1].expansion, found[1].limits), (Some(([2, 3], relu6)), relu6));
        assert_eq!((found[2].added, found[2].limits), (Some(2), NO_LIMITS));
        assert!(found[0].reads_plain() && !found[1].reads_plain());
    }

    #[test]
    fn what_is_read_elsewhere_is_made() {
        // What the expansion's ReLU makes, what the sum reads, and what the block's last convolution makes.
        assert_eq!(layers(&block(4)), [vec![0, 1], vec![2, 3], vec![4, 5], vec![6, 7]]);
        assert_eq!(layers(&block(1)), [vec![0], vec![2, 3, 4, 5], vec![6, 7]]);
        assert_eq!(layers(&block(7)), [vec![0, 1], vec![2, 3, 4, 5], vec![6]]);
    }

    #[test]
    fn layers_that_are_taken_or_beyond_the_last_are_left_alone() {
        let description = block(8);
        let found = groups(&description, 11, |layer| layer == 2 || layer == 3);
        let found: Vec<_> = found.into_iter().map(|group| group.layers).collect();
        assert_eq!(found, [vec![0, 1], vec![4, 5], vec![6, 7]]);
        let found: Vec<_> =
            groups(&description, 7, |_| false).into_iter().map(|group| group.layers).collect();
        assert_eq!(found, [vec![0, 1], vec![2, 3, 4, 5], vec![6]]);
    }
}
