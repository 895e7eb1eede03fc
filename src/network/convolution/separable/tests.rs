//! Pointwise, depthwise and first convolutions against the definition in f64, for every kind of vector.

use proptest::prelude::*;

use super::super::blocks::{GlobalPool, ToBlocks, ToPlain};
use super::*;
use crate::test_rng::numbers;

const NONE: Limits = Limits { floor: f32::NEG_INFINITY, ceiling: f32::INFINITY };
const RELU6: Limits = Limits { floor: 0.0, ceiling: 0.5 };
const POINTWISE: Window = Window { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], padding: [0; 4] };

/// Weights `[outputs, depth, height, width]` and a bias of one convolution.
struct Layer {
    outputs: usize,
    depth: usize,
    window: Window,
    limits: Limits,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Layer {
    fn new(outputs: usize, depth: usize, window: Window, limits: Limits, seed: u64) -> Layer {
        let weights = numbers(outputs * depth * window.kernel[0] * window.kernel[1], seed);
        Layer { outputs, depth, window, limits, weights, bias: numbers(outputs, !seed) }
    }

    /// By the definition; a layer of depth 1 reads each channel by itself. `added` is added before the limits.
    fn apply(&self, input: &[f64], [channels, height, width]: [usize; 3], added: Option<&[f64]>) -> Vec<f64> {
        let Window { kernel, strides, dilations, padding } = self.window;
        let [rows, columns] = self.window.places([height, width]).expect("a window fits");
        let taps = kernel[0] * kernel[1];
        let mut made = Vec::new();
        for (output, y, x) in (0..self.outputs * rows * columns)
            .map(|place| (place / (rows * columns), place / columns % rows, place % columns))
        {
            let mut sum = f64::from(self.bias[output]) + added.map_or(0.0, |added| added[made.len()]);
            for (input_channel, tap) in (0..self.depth * taps).map(|at| (at / taps, at % taps)) {
                let channel = if self.depth == channels { input_channel } else { output };
                let down = (y * strides[0] + tap / kernel[1] * dilations[0]).wrapping_sub(padding[0]);
                let across = (x * strides[1] + tap % kernel[1] * dilations[1]).wrapping_sub(padding[1]);
                if down < height && across < width {
                    let weight = self.weights[(output * self.depth + input_channel) * taps + tap];
                    sum += f64::from(weight) * input[(channel * height + down) * width + across];
                }
            }
            made.push(sum.clamp(f64::from(self.limits.floor), f64::from(self.limits.ceiling)));
        }
        made
    }

    fn pointwise(&self, isa: Isa) -> Arc<PointwiseWeights> {
        let depth = self.weights.len() / self.outputs;
        let weights = Weights::F32(self.weights.clone());
        Arc::new(pack_pointwise(isa, &weights, depth, &self.bias).expect("sizes match"))
    }

    fn depthwise(&self) -> Arc<Vec<DepthwiseWeights>> {
        Arc::new(pack_depthwise(&Weights::F32(self.weights.clone()), &self.bias).expect("sizes match"))
    }
}

fn run(step: &impl Step, inputs: &[&[f32]]) -> Vec<f32> {
    for (input, shape) in inputs.iter().zip(step.inputs()) {
        assert_eq!(input.len(), shape.iter().product::<usize>());
    }
    let mut output = vec![f32::NAN; step.output().iter().product()];
    step.run(inputs, &mut output);
    output
}

/// What `step` makes of plain inputs, plain.
fn plain_run(step: &impl Step, inputs: &[(&[f32], [usize; 3])], made: [usize; 3]) -> Vec<f32> {
    let inputs: Vec<Vec<f32>> =
        inputs.iter().map(|(values, shape)| run(&ToBlocks(*shape), &[values])).collect();
    let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let output = run(step, &inputs);
    for (block, lanes) in output.as_chunks::<16>().0.iter().enumerate() {
        let first = block / (made[1] * made[2]) * 16;
        let beyond = made[0].saturating_sub(first).min(16);
        assert!(lanes[beyond..].iter().all(|value| *value == 0.0), "channels beyond the last are 0");
    }
    run(&ToPlain(made), &[&output])
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

/// The largest difference, relative to the largest value.
fn error(got: &[f32], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    let largest = want.iter().fold(1.0, |largest: f64, value| largest.max(value.abs()));
    let worst = |worst: f64, (got, want): (&f32, &f64)| {
        let error = (f64::from(*got) - want).abs() / largest;
        if error.is_nan() { f64::INFINITY } else { worst.max(error) }
    };
    got.iter().zip(want).fold(0.0, worst)
}

fn limits(relu: bool) -> Limits {
    if relu { RELU6 } else { NONE }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn pointwise_convolutions_agree_with_the_definition(
        channels in 1usize..70,
        outputs in 1usize..70,
        height in 1usize..12,
        width in 1usize..12,
        relu: bool,
        adds: bool,
        seed: u64,
    ) {
        let input = [channels, height, width];
        let layer = Layer::new(outputs, channels, POINTWISE, limits(relu), seed);
        let picture = numbers(channels * height * width, seed ^ 1);
        let added = numbers(outputs * height * width, seed ^ 2);
        let want = layer.apply(&wide(&picture), input, adds.then(|| wide(&added)).as_deref());
        for isa in Isa::all() {
            let step = Pointwise { input, outputs, weights: layer.pointwise(isa), limits: layer.limits, adds };
            let mut inputs = vec![(&picture[..], input)];
            inputs.extend(adds.then_some((&added[..], step.made())));
            let got = plain_run(&step, &inputs, step.made());
            prop_assert!(error(&got, &want) <= 1e-5, "{isa:?}");
        }
    }

    #[test]
    fn depthwise_convolutions_agree_with_the_definition(
        channels in 1usize..40,
        expanded in 1usize..70,
        expands: bool,
        height in 2usize..20,
        width in 2usize..24,
        stride in 1usize..3,
        padding in prop::array::uniform4(0usize..2),
        relu: bool,
        seed: u64,
    ) {
        let window = Window { kernel: [3, 3], strides: [stride; 2], dilations: [1, 1], padding };
        prop_assume!(padding[0] + height + padding[2] >= 3 && padding[1] + width + padding[3] >= 3);
        let input = [channels, height, width];
        let picture = numbers(channels * height * width, seed ^ 1);
        let outputs = if expands { expanded } else { channels };
        let expansion = Layer::new(outputs, channels, POINTWISE, RELU6, seed ^ 2);
        let layer = Layer::new(outputs, 1, window, limits(relu), seed);
        let mut read = wide(&picture);
        if expands {
            read = expansion.apply(&read, input, None);
        }
        let want = layer.apply(&read, [outputs, height, width], None);
        let [rows, columns] = window.places([height, width]).expect("a window fits");
        let made = [outputs, rows, columns];
        for isa in Isa::all() {
            let step = Depthwise {
                input,
                made,
                expansion: expands.then(|| (expansion.pointwise(isa), RELU6)),
                window,
                isa,
                weights: layer.depthwise(),
                limits: layer.limits,
            };
            // Twice, since the second run finds what the first left in memory.
            for _ in 0..2 {
                let got = plain_run(&step, &[(&picture, input)], made);
                prop_assert!(error(&got, &want) <= 1e-5, "{isa:?}");
            }
        }
    }

    #[test]
    fn first_convolutions_agree_with_the_definition(
        channels in 1usize..5,
        outputs in 1usize..40,
        sides in prop::array::uniform2(7usize..20),
        kernel in prop::array::uniform2(1usize..8),
        strides in prop::array::uniform2(1usize..4),
        padding in prop::array::uniform4(0usize..8),
        relu: bool,
        seed: u64,
    ) {
        let padding = std::array::from_fn(|side| padding[side].min(kernel[side % 2] - 1));
        let window = Window { kernel, strides, dilations: [1, 1], padding };
        let input = [channels, sides[0], sides[1]];
        let layer = Layer::new(outputs, channels, window, limits(relu), seed);
        let picture = numbers(input.iter().product(), seed ^ 1);
        let [rows, columns] = window.places(sides).expect("a window fits");
        let made = [outputs, rows, columns];
        // Of one channel the definition above would take the layer for a depthwise one, which is then the same only for one output.
        let want = if channels == 1 {
            let copies: Vec<f32> = picture.iter().copied().cycle().take(outputs * picture.len()).collect();
            layer.apply(&wide(&copies), [outputs, sides[0], sides[1]], None)
        } else {
            layer.apply(&wide(&picture), input, None)
        };
        for isa in Isa::all() {
            let step = First { input, made, window, weights: layer.pointwise(isa), limits: layer.limits };
            let got = run(&ToPlain(made), &[&run(&step, &[&picture])]);
            prop_assert!(error(&got, &want) <= 1e-5, "{isa:?}");
        }
    }

    #[test]
    fn pools_and_blocks_keep_every_channel(
        shape in (1usize..40, 1usize..9, 1usize..9),
        seed: u64,
    ) {
        let shape = [shape.0, shape.1, shape.2];
        let pixels = shape[1] * shape[2];
        let picture = numbers(shape[0] * pixels, seed);
        let blocks = run(&ToBlocks(shape), &[&picture]);
        prop_assert_eq!(&run(&ToPlain(shape), &[&blocks]), &picture);
        let largest = run(&GlobalPool { shape, largest: true }, &[&blocks]);
        let mean = run(&GlobalPool { shape, largest: false }, &[&blocks]);
        for ((plane, largest), mean) in picture.chunks_exact(pixels).zip(largest).zip(mean) {
            prop_assert_eq!(plane.iter().copied().fold(f32::MIN, f32::max), largest);
            let want = wide(plane).iter().sum::<f64>() / pixels as f64;
            prop_assert!((f64::from(mean) - want).abs() <= 1e-6);
        }
    }
}

#[test]
fn weights_that_do_not_fit_are_refused() {
    let weights = Weights::F32(vec![0.0; 12]);
    assert!(pack_pointwise(Isa::best(), &weights, 3, &[0.0; 4]).is_ok());
    assert!(pack_pointwise(Isa::best(), &weights, 4, &[0.0; 4]).is_err());
    assert!(pack_pointwise(Isa::best(), &weights, 12, &[]).is_err());
    assert!(pack_depthwise(&Weights::F32(vec![0.0; 18]), &[0.0; 2]).is_ok());
    assert!(pack_depthwise(&weights, &[0.0; 2]).is_err());
}

#[test]
fn windows_that_leave_nothing_are_refused() {
    let window = Window { kernel: [3, 3], strides: [1, 1], dilations: [1, 1], padding: [0; 4] };
    assert_eq!(window.places([3, 4]).expect("a window fits"), [1, 2]);
    assert!(window.places([2, 4]).is_err());
    assert!(Window { strides: [0, 1], ..window }.places([3, 4]).is_err());
    assert!(Window { padding: [usize::MAX; 4], ..window }.places([3, 4]).is_err());
}
