//! Weights that several layers of a network share.

use std::collections::HashMap;
use std::sync::Arc;

use lookalike::network::{Layer, Op};
use tract_onnx::prelude::*;

/// Makes layers that have the same weights and the same biases read the same tensors; gives those that are left.
///
/// Weights that several operations share in an ONNX file are constants of their own here: tract folds what is done to each.
pub fn share(layers: &mut [Layer], tensors: &[Arc<Tensor>]) -> Vec<Arc<Tensor>> {
    let mut kept: Vec<Arc<Tensor>> = Vec::new();
    let mut pairs: Vec<[usize; 2]> = Vec::new();
    for layer in layers {
        let (Op::Conv { weight, bias, .. } | Op::Dense { weight, bias }) = &mut layer.op else { continue };
        let both = [*weight, *bias].map(|index| tensors[index].clone());
        let is_same =
            |pair: &&[usize; 2]| pair.iter().zip(&both).all(|(index, tensor)| kept[*index] == *tensor);
        let same = pairs.iter().find(is_same).copied();
        let pair = same.unwrap_or([kept.len(), kept.len() + 1]);
        if same.is_none() {
            kept.extend(both);
            pairs.push(pair);
        }
        [*weight, *bias] = pair;
    }
    kept
}

/// The tensors of weights of pointwise convolutions and dense layers, and the values that these read: `read` by the number of
/// the value that the layer makes.
pub fn readers(layers: &[Layer], read: &HashMap<usize, OutletId>) -> Vec<(usize, OutletId)> {
    let reader = |(number, layer): (usize, &Layer)| match layer.op {
        Op::Conv { weight, .. } | Op::Dense { weight, .. } => Some((weight, *read.get(&(number + 1))?)),
        _ => None,
    };
    layers.iter().enumerate().filter_map(reader).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_pairs_are_kept_once() {
        let tensors: Vec<Arc<Tensor>> = [1f32, 2.0, 1.0, 2.0, 1.0, 3.0]
            .iter()
            .map(|value| tensor1(&[*value]).into_arc_tensor())
            .collect();
        let layer = |at: usize| Layer { inputs: vec![0], op: Op::Dense { weight: at, bias: at + 1 } };
        let mut layers = vec![layer(0), layer(2), layer(4)];
        let kept = share(&mut layers, &tensors);
        assert_eq!(layers[0], layers[1]);
        assert_eq!(layers[2].op, Op::Dense { weight: 2, bias: 3 });
        assert_eq!(kept.len(), 4);
        let read = HashMap::from([(1, OutletId::new(5, 0)), (2, OutletId::new(6, 0))]);
        assert_eq!(readers(&layers, &read), [(0, OutletId::new(5, 0)), (0, OutletId::new(6, 0))]);
    }
}
