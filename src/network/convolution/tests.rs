//! Every kind of vector against the definition in f64.

use proptest::prelude::*;

use super::*;
use crate::test_rng::numbers;

/// Where an output's terms all but cancel, errors are relative to this share of the sum of their sizes.
const CANCELLED: f64 = 1.0 / 30.0;

/// Cross-correlation by its definition, ReLU and 2x2 max-pool where wanted, `[outputs, height, width]`; and what errors in it
/// are relative to.
fn definition(input: &[f64], [channels, height, width]: [usize; 3], layer: &ConvWeights) -> (Vec<f64>, f64) {
    let outputs = layer.bias.len();
    let at = |channel: usize, y: usize, x: usize| {
        // One row and one column of zeros around.
        let (y, x) = (y.wrapping_sub(1), x.wrapping_sub(1));
        if y < height && x < width { input[(channel * height + y) * width + x] } else { 0.0 }
    };
    let mut made = vec![0.0; outputs * height * width];
    let mut largest = 1e-6f64;
    for (place, value) in made.iter_mut().enumerate() {
        let (output, y, x) = (place / (height * width), place / width % height, place % width);
        let mut sum = f64::from(layer.bias[output]);
        let mut sizes = sum.abs();
        for channel in 0..channels {
            for tap in 0..9 {
                let weight = f64::from(layer.weights.row(output, channels * 9)[channel * 9 + tap]);
                let term = weight * at(channel, y + tap / 3, x + tap % 3);
                sum += term;
                sizes += term.abs();
            }
        }
        largest = largest.max(sum.abs()).max(CANCELLED * sizes);
        *value = if layer.conv.relu { sum.max(0.0) } else { sum };
    }
    if !layer.conv.pool {
        return (made, largest);
    }
    let (half_height, half_width) = (height / 2, width / 2);
    let pooled = (0..outputs * half_height * half_width)
        .map(|place| {
            let (channel, y, x) =
                (place / (half_height * half_width), place / half_width % half_height, place % half_width);
            let corner = (channel * height + 2 * y) * width + 2 * x;
            let pixels = [corner, corner + 1, corner + width, corner + width + 1];
            pixels.into_iter().map(|pixel| made[pixel]).fold(f64::NEG_INFINITY, f64::max)
        })
        .collect();
    (pooled, largest)
}

fn layer(channels: usize, outputs: usize, relu: bool, pool: bool, seed: u64) -> ConvWeights {
    let conv = ConvLayer { weight: 0, bias: 0, relu, pool };
    let weights = numbers(outputs * channels * 9, seed);
    let weights = match seed % 2 {
        0 => Weights::F32(weights),
        _ => Weights::Int8 {
            scales: vec![1.0 / 127.0; outputs],
            numbers: weights.into_iter().map(|weight| (weight * 127.0) as i8).collect(),
        },
    };
    ConvWeights { weights, bias: numbers(outputs, !seed), conv }
}

/// The largest error relative to the largest output, over every kind of vector and two runs each.
fn error(input: [usize; 3], convs: impl Fn() -> Vec<ConvWeights>) -> f64 {
    let picture = numbers(input.iter().product(), 11);
    let (mut want, mut shape) = (picture.iter().map(|value| f64::from(*value)).collect::<Vec<_>>(), input);
    let mut largest = 1e-6;
    for layer in convs() {
        (want, largest) = definition(&want, shape, &layer);
        let divisor = if layer.conv.pool { 2 } else { 1 };
        shape = [layer.bias.len(), shape[1] / divisor, shape[2] / divisor];
    }
    let mut worst = 0f64;
    for isa in Isa::all() {
        let convolutions = FusedConvs::with(isa, input, convs().into_iter().map(Ok)).expect("convs fit");
        assert_eq!(convolutions.output(), shape);
        // Twice, since the second run finds what the first left in memory.
        for _ in 0..2 {
            let mut made = vec![f32::NAN; want.len()];
            convolutions.apply(&picture, &mut made);
            for (got, want) in made.iter().zip(&want) {
                let error = (f64::from(*got) - want).abs() / largest;
                worst = if error.is_nan() { f64::INFINITY } else { worst.max(error) };
            }
        }
    }
    worst
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn agrees_with_the_definition(
        channels in 1usize..68,
        outputs in 1usize..68,
        height in 1usize..18,
        width in 1usize..24,
        relu: bool,
        pool: bool,
        seed: u64,
    ) {
        let pool = pool && height > 1 && width > 1;
        let worst = error([channels, height, width], || vec![layer(channels, outputs, relu, pool, seed)]);
        prop_assert!(worst <= 1e-4, "off by {worst}");
    }

    #[test]
    fn chains_agree_with_the_definition(
        side in 4usize..23,
        widths in prop::collection::vec(1usize..40, 1..4),
        pools in prop::collection::vec(any::<bool>(), 4),
        seed: u64,
    ) {
        let mut shape = [3, side, side + 1];
        let mut plan = Vec::new();
        for (outputs, pool) in widths.into_iter().zip(pools) {
            let pool = pool && shape[1] > 1 && shape[2] > 1;
            plan.push((shape[0], outputs, pool));
            let divisor = if pool { 2 } else { 1 };
            shape = [outputs, shape[1] / divisor, shape[2] / divisor];
        }
        let convs = || -> Vec<ConvWeights> {
            plan.iter().map(|(channels, outputs, pool)| layer(*channels, *outputs, true, *pool, seed)).collect()
        };
        // What one convolution rounds, the next may enlarge.
        let worst = error([3, side, side + 1], convs);
        prop_assert!(worst <= 1e-3, "off by {worst}");
    }
}

#[test]
fn stages_that_do_not_fit_are_refused() {
    let one = || Ok(layer(3, 8, true, false, 1));
    let fits = |input, layer: Vec<_>| FusedConvs::new(input, layer).is_ok();
    assert!(fits([3, 4, 4], vec![one()]));
    assert!(!fits([4, 4, 4], vec![one()]));
    assert!(!fits([3, 0, 4], vec![one()]));
    assert!(!fits([3, 4, 4], vec![one(), one()]));
    assert!(!fits([3, 4, 4], Vec::new()));
    assert!(!fits([3, 1, 4], vec![Ok(layer(3, 8, true, true, 1))]));
    assert!(!fits([3, 4, 4], vec![one(), Err(format_err!("unreadable"))]));
}
