//! Networks with several heads that read values of several depths, and what becomes of their embeddings.

use super::description::Component;
use super::*;
use crate::test_rng::numbers;

/// Side of the input in pixels.
const SIDE: usize = 8;
/// Channels of both convolutions.
const CHANNELS: usize = 16;

/// Two convolutions with ReLUs (values 1 to 4), the means and maxima of both ReLUs (5 to 8) and these concatenated (9).
fn trunk() -> (Vec<Layer>, Vec<TensorEntry>) {
    let (mut layers, mut tensors) = (Vec::new(), Vec::new());
    for inputs in [3, CHANNELS] {
        let (weight, bias) = weights(&mut tensors, &[CHANNELS, inputs, 3, 3]);
        let (strides, dilations, padding, groups) = ([1, 1], [1, 1], [1; 4], 1);
        push(&mut layers, vec![], Op::Conv { weight, bias, strides, dilations, padding, groups });
        push(&mut layers, vec![], Op::Relu { max: None });
    }
    for value in [2, 4] {
        push(&mut layers, vec![value], Op::GlobalAveragePool);
        push(&mut layers, vec![value], Op::GlobalMaxPool);
    }
    push(&mut layers, vec![5, 6, 7, 8], Op::Concat);
    (layers, tensors)
}

fn weights(tensors: &mut Vec<TensorEntry>, shape: &[usize]) -> (usize, usize) {
    tensors.push(TensorEntry { shape: shape.to_vec(), encoding: Encoding::F32 });
    tensors.push(TensorEntry { shape: vec![shape[0]], encoding: Encoding::F32 });
    (tensors.len() - 2, tensors.len() - 1)
}

/// Appends a layer; without `inputs` it reads the last value.
fn push(layers: &mut Vec<Layer>, inputs: Vec<usize>, op: Op) {
    let inputs = if inputs.is_empty() { vec![layers.len()] } else { inputs };
    layers.push(Layer { inputs, op });
}

/// The numbers of tensor `index`, the same in every network of this file.
fn values(tensors: &[TensorEntry], index: usize) -> Vec<f32> {
    let shape = &tensors[index].shape;
    let depth: usize = shape.iter().skip(1).product();
    let count = shape.iter().product();
    numbers(count, index as u64 + 1).into_iter().map(|value| value / (depth as f32).sqrt()).collect()
}

fn network(
    layers: &[Layer],
    tensors: &[TensorEntry],
    dims: usize,
    components: Vec<Component>,
) -> Result<Network, NetworkError> {
    network_of_side(SIDE, layers, tensors, dims, components)
}

fn network_of_side(
    side: usize,
    layers: &[Layer],
    tensors: &[TensorEntry],
    dims: usize,
    components: Vec<Component>,
) -> Result<Network, NetworkError> {
    let side = side as u32;
    let mut description = Description::new(
        "test".into(),
        true,
        Preprocessing::torch(side, side),
        dims,
        layers.into(),
        tensors.into(),
    );
    description.components = components;
    let stored: Vec<Vec<u8>> = tensors
        .iter()
        .enumerate()
        .map(|(index, entry)| encode(&values(tensors, index), &entry.shape, entry.encoding))
        .collect();
    let mut parts = Vec::new();
    write_parts::<()>(&mut description, stored, |_, content| {
        parts.push(content.to_vec());
        Ok(())
    })
    .expect("nothing fails here");
    let text = description.write();
    let mut loader = Loader::new(&text, &Digest::of(&text).hex())?;
    for (index, part) in parts.iter().enumerate() {
        loader.part(index, part)?;
    }
    loader.finish()
}

/// What the first `count` layers of the trunk make of `input`.
fn value(count: usize, input: &[f32]) -> Vec<f32> {
    let (layers, tensors) = trunk();
    let dims = CHANNELS * SIDE * SIDE;
    network(&layers[..count], &tensors, dims, Vec::new()).expect("fits").run(input).expect("runs")
}

fn dense(tensors: &[TensorEntry], weight: usize, input: &[f32]) -> Vec<f32> {
    let rows = values(tensors, weight);
    let rows = rows.chunks_exact(input.len());
    rows.zip(values(tensors, weight + 1))
        .map(|(row, bias)| bias + row.iter().zip(input).map(|(a, b)| a * b).sum::<f32>())
        .collect()
}

fn near(got: &[f32], want: &[f32]) {
    assert_eq!(got.len(), want.len());
    for (place, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() <= 1e-4 * (1.0 + want.abs()), "{got} for {want} at {place}");
    }
}

#[test]
fn heads_read_values_of_several_depths() {
    let input = numbers(3 * SIDE * SIDE, 99);
    let (mut layers, mut tensors) = trunk();
    // Two layers on all levels, one on all levels, one on the second level alone; and the second level's mean itself.
    for (from, inputs, outputs) in [(9, 4 * CHANNELS, 8), (11, 8, 4), (9, 4 * CHANNELS, 6), (7, CHANNELS, 3)]
    {
        let (weight, bias) = weights(&mut tensors, &[outputs, inputs]);
        push(&mut layers, vec![from], Op::Dense { weight, bias });
        if from == 9 && outputs == 8 {
            push(&mut layers, vec![], Op::Relu { max: None });
        }
    }
    push(&mut layers, vec![12, 13, 14, 7], Op::Concat);
    let dims = 4 + 6 + 3 + CHANNELS;
    let network = network(&layers, &tensors, dims, Vec::new()).expect("fits");
    let got = network.run(&input).expect("runs");

    let mut pooled = Vec::new();
    for count in [2, 4] {
        let whole = value(count, &input);
        let planes = whole.chunks_exact(SIDE * SIDE);
        pooled.extend(planes.clone().map(|plane| plane.iter().sum::<f32>() / (SIDE * SIDE) as f32));
        pooled.extend(planes.map(|plane| plane.iter().copied().fold(f32::MIN, f32::max)));
    }
    let mean = &pooled[2 * CHANNELS..3 * CHANNELS];
    let hidden: Vec<f32> = dense(&tensors, 4, &pooled).into_iter().map(|value| value.max(0.0)).collect();
    let want =
        [dense(&tensors, 6, &hidden), dense(&tensors, 8, &pooled), dense(&tensors, 10, mean), mean.to_vec()];
    near(&got, &want.concat());

    let other = numbers(3 * SIDE * SIDE, 100);
    let both = network.run(&[&other[..], &input].concat()).expect("runs");
    assert_eq!(both[dims..], got, "the same to the bit beside another photo");
}

#[test]
fn dense_layers_after_concatenated_levels_are_run_for_several_photos_at_once() {
    let (mut layers, mut tensors) = trunk();
    for (inputs, outputs) in [(4 * CHANNELS, 8), (8, 4)] {
        let (weight, bias) = weights(&mut tensors, &[outputs, inputs]);
        push(&mut layers, vec![], Op::Dense { weight, bias });
        push(&mut layers, vec![], Op::Relu { max: None });
    }
    let network = network(&layers, &tensors, 4, Vec::new()).expect("fits");
    assert_eq!(network.head.inputs(), 4 * CHANNELS);
    let inputs = numbers(5 * 3 * SIDE * SIDE, 7);
    let together = network.run(&inputs).expect("runs");
    for (input, got) in inputs.chunks(3 * SIDE * SIDE).zip(together.chunks(4)) {
        assert_eq!(network.run(input).expect("runs"), got);
    }
}

/// A convolution of stride 2 with a ReLU6, its mean and its maximum, of value `from`.
fn view(layers: &mut Vec<Layer>, tensors: &mut Vec<TensorEntry>, from: usize) -> [usize; 2] {
    let (weight, bias) = if tensors.is_empty() { weights(tensors, &[CHANNELS, 3, 3, 3]) } else { (0, 1) };
    let (strides, dilations, padding, groups) = ([2, 2], [1, 1], [1; 4], 1);
    push(layers, vec![from], Op::Conv { weight, bias, strides, dilations, padding, groups });
    push(layers, vec![], Op::Relu { max: Some(6.0) });
    let relu = layers.len();
    push(layers, vec![relu], Op::GlobalAveragePool);
    push(layers, vec![relu], Op::GlobalMaxPool);
    [relu + 1, relu + 2]
}

/// The whole photo at half the size and its middle half, both through the same weights.
fn two_views(start: [usize; 2], end: [usize; 2]) -> Result<Network, NetworkError> {
    let (mut layers, mut tensors) = (Vec::new(), Vec::new());
    push(&mut layers, vec![0], Op::AveragePool { kernel: [2, 2], strides: [2, 2], padding: [0; 4] });
    let whole = view(&mut layers, &mut tensors, 1);
    push(&mut layers, vec![0], Op::Slice { start, end });
    let from = layers.len();
    let middle = view(&mut layers, &mut tensors, from);
    push(&mut layers, [whole, middle].concat(), Op::Concat);
    assert_eq!(tensors.len(), 2, "stored once");
    network(&layers, &tensors, 4 * CHANNELS, Vec::new())
}

#[test]
fn views_of_a_photo_share_their_weights() {
    let input = numbers(3 * SIDE * SIDE, 12);
    let got = two_views([2, 1], [6, 5]).expect("fits").run(&input).expect("runs");

    let (mut layers, mut tensors) = (Vec::new(), Vec::new());
    let pooled = view(&mut layers, &mut tensors, 0);
    push(&mut layers, pooled.to_vec(), Op::Concat);
    let one_view = network_of_side(SIDE / 2, &layers, &tensors, 2 * CHANNELS, Vec::new()).expect("fits");
    let pixel = |channel: usize, y: usize, x: usize| input[(channel * SIDE + y) * SIDE + x];
    let picture = |value: &dyn Fn(usize, usize, usize) -> f32| -> Vec<f32> {
        let places = (0..3 * 16).map(|place| (place / 16, place / 4 % 4, place % 4));
        places.map(|(channel, y, x)| value(channel, y, x)).collect()
    };
    let whole = picture(&|channel, y, x| {
        let corners = [(0, 0), (0, 1), (1, 0), (1, 1)];
        corners.iter().map(|(down, across)| pixel(channel, 2 * y + down, 2 * x + across)).sum::<f32>() / 4.0
    });
    let middle = picture(&|channel, y, x| pixel(channel, y + 2, x + 1));
    near(&got, &[one_view.run(&whole).expect("runs"), one_view.run(&middle).expect("runs")].concat());
}

#[test]
fn a_slice_outside_the_picture_is_refused() {
    for (start, end) in [([2, 1], [9, 5]), ([6, 1], [6, 5]), ([2, 5], [6, 1]), ([2, usize::MAX], [6, 1])] {
        assert!(two_views(start, end).is_err(), "{start:?} to {end:?}");
    }
}

#[test]
fn a_shared_tensor_cannot_ask_for_much_memory() {
    // 256 MiB, and in memory once for each of nine layers.
    let sides = 1 << 14;
    let tensors = [(vec![sides, sides], Encoding::Int8), (vec![sides], Encoding::F32)];
    let tensors: Vec<_> =
        tensors.into_iter().map(|(shape, encoding)| TensorEntry { shape, encoding }).collect();
    let layers =
        (0..9).map(|value| Layer { inputs: vec![value], op: Op::Dense { weight: 0, bias: 1 } }).collect();
    let bytes = tensors.iter().map(|tensor| tensor.bytes().expect("a size") as u64).sum();
    let mut description =
        Description::new("test".into(), true, Preprocessing::torch(8, 8), sides, layers, tensors);
    description.parts = vec![PartEntry { path: "part-000.bin".into(), bytes, sha256: String::new() }];
    let text = description.write();
    let refused = Loader::new(&text, &Digest::of(&text).hex()).err().expect("more than fits");
    assert!(refused.to_string().contains("is a network of"), "{refused}");
}

#[test]
fn what_older_readers_do_not_know_is_written_as_a_later_version() {
    let version = |network: &Network| {
        let text = network.description().write();
        serde_json::from_slice::<serde_json::Value>(&text).expect("JSON")["version"].as_u64()
    };
    assert_eq!(version(&two_views([2, 1], [6, 5]).expect("fits")), Some(2));
    let (mut layers, mut tensors) = (Vec::new(), Vec::new());
    let mut from = 0;
    for _ in 0..2 {
        let weights = weights(&mut tensors, &[3, 3, 1, 1]);
        let (strides, dilations, padding, groups) = ([1, 1], [1, 1], [0; 4], 1);
        for (weight, bias) in [weights, (0, 1)] {
            push(&mut layers, vec![from], Op::Conv { weight, bias, strides, dilations, padding, groups });
            from = layers.len();
        }
    }
    let dims = 3 * SIDE * SIDE;
    assert_eq!(version(&network(&layers, &tensors, dims, Vec::new()).expect("fits")), Some(2));
    layers.remove(3);
    layers.remove(1);
    layers[1].inputs = vec![1];
    assert_eq!(version(&network(&layers, &tensors, dims, Vec::new()).expect("fits")), Some(1));
    let with = |full_length| vec![Component { full_length, ..component("all", dims, 1.0) }];
    for (full_length, want) in [(None, 2), (Some(1.5), 3)] {
        let network = network(&layers, &tensors, dims, with(full_length)).expect("fits");
        assert_eq!(version(&network), Some(want));
    }
}

fn component(name: &str, dims: usize, weight: f32) -> Component {
    Component { name: name.to_owned(), dims, weight, full_length: None }
}

/// The trunk's means and maxima, `[4 * CHANNELS]`.
fn pooled(components: Vec<Component>) -> Result<Network, NetworkError> {
    let (layers, tensors) = trunk();
    network(&layers, &tensors, 4 * CHANNELS, components)
}

#[test]
fn components_have_the_length_of_their_weight() {
    let plain = pooled(Vec::new()).expect("fits");
    let components = vec![component("print", 16, 0.7), component("kind", 40, 1.0), component("rest", 8, 0.0)];
    let scaled = pooled(components).expect("fits");
    let inputs = numbers(2 * 3 * SIDE * SIDE, 3);
    let (plain, scaled) = (plain.run(&inputs).expect("runs"), scaled.run(&inputs).expect("runs"));
    for (plain, scaled) in plain.chunks(64).zip(scaled.chunks(64)) {
        let mut at = 0;
        for (dims, weight) in [(16, 0.7f32), (40, 1.0), (8, 0.0)] {
            let (plain, scaled) = (&plain[at..at + dims], &scaled[at..at + dims]);
            let length = plain.iter().map(|value| value * value).sum::<f32>().sqrt();
            let want: Vec<f32> = plain.iter().map(|value| value / length * weight).collect();
            near(scaled, &want);
            at += dims;
        }
    }
}

#[test]
fn a_component_of_zeros_stays_so() {
    let components = [component("zeros", 2, 1.0), component("rest", 2, 3.0)];
    let mut embeddings = vec![0.0, 0.0, 3e30, 4e30];
    Component::scale(&components, &mut embeddings);
    near(&embeddings, &[0.0, 0.0, 1.8, 2.4]);
}

#[test]
fn a_component_with_a_full_length_has_as_much_as_the_photo_holds() {
    let components = [Component { full_length: Some(2.0), ..component("print", 2, 3.0) }];
    let mut embeddings = vec![0.3, 0.4, 3.0, 4.0, 0.0, 0.0];
    Component::scale(&components, &mut embeddings);
    near(&embeddings, &[0.45, 0.6, 1.8, 2.4, 0.0, 0.0]);
}

#[test]
fn components_that_do_not_fit_the_embedding_are_refused() {
    let refused = [
        vec![component("short", 63, 1.0)],
        vec![component("empty", 0, 1.0), component("rest", 64, 1.0)],
        vec![component("overflow", usize::MAX, 1.0), component("rest", 65, 1.0)],
        vec![component("negative", 64, -1.0)],
        vec![component("infinite", 64, f32::INFINITY)],
        vec![component("weightless", 64, 0.0)],
        vec![Component { full_length: Some(0.0), ..component("no length", 64, 1.0) }],
        vec![component("same", 32, 1.0), component("same", 32, 1.0)],
    ];
    for components in refused {
        let name = components[0].name.clone();
        assert!(pooled(components).is_err(), "{name}");
    }
}
