//! The convolutions of VGG-16 one by one, on one thread: `cargo bench --workspace --bench kernels`.
//!
//! Throughput is in multiplications of the definition (one "element" is a multiply-add); its share of what this machine's
//! registers can do is printed for each layer, of the multiply-adds that Winograd's algorithm is left with (a quarter) and
//! of those of the definition. The latter may be over 100 %: that is what the algorithm is for.

use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lookalike::network::{ConvLayer, ConvWeights, FusedConvs, Weights, multiply_adds};

/// Channels in and out, side of the picture, pool, as in VGG-16 (arXiv 1409.1556, configuration D).
const LAYERS: [(&str, usize, usize, usize, bool); 9] = [
    ("1_1", 3, 64, 224, false),
    ("1_2", 64, 64, 224, true),
    ("2_1", 64, 128, 112, false),
    ("2_2", 128, 128, 112, true),
    ("3_1", 128, 256, 56, false),
    ("3_2", 256, 256, 56, false),
    ("4_1", 256, 512, 28, false),
    ("4_2", 512, 512, 28, false),
    ("5_1", 512, 512, 14, false),
];

/// The best of a few tries, in multiply-adds a second.
fn peak() -> f64 {
    let rounds = 20_000_000;
    let a_try = |_| {
        let started = Instant::now();
        let (count, made) = multiply_adds(black_box(rounds), black_box(0.5));
        black_box(made);
        count as f64 / started.elapsed().as_secs_f64()
    };
    (0..5).map(a_try).fold(0.0, f64::max)
}

fn layers(criterion: &mut Criterion) {
    let peak = peak();
    println!("multiply-adds in registers, one thread: {:.1} billion a second", peak / 1e9);
    let mut group = criterion.benchmark_group("convolution");
    for (name, channels, outputs, side, pool) in LAYERS {
        let weights = ConvWeights {
            // In 8 bits, as networks are compiled unless asked otherwise.
            weights: Weights::Int8 {
                scales: vec![1.0 / 127.0; outputs],
                numbers: (0..outputs * channels * 9).map(|n| (n * 7919 % 255) as i8).collect(),
            },
            bias: (0..outputs).map(|n| (n * 7919 % 1000) as f32 / 500.0 - 1.0).collect(),
            conv: ConvLayer { weight: 0, bias: 0, relu: true, pool },
        };
        let layer = FusedConvs::new([channels, side, side], [Ok(weights)]).expect("sizes match");
        let multiplications = (channels * outputs * 9 * side * side) as f64;
        let mut fastest = f64::INFINITY;
        group.throughput(Throughput::Elements(multiplications as u64));
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|count| {
                let started = Instant::now();
                (0..count).for_each(|_| layer.first_stage());
                let taken = started.elapsed();
                fastest = fastest.min(taken.as_secs_f64() / count as f64);
                taken
            });
        });
        let definition = multiplications / fastest / peak;
        let left = if channels > 4 { definition / 4.0 } else { definition };
        println!(
            "{name}: {:.0} % of the peak, {:.0} % of the definition at the peak\n",
            100.0 * left,
            100.0 * definition
        );
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = layers
}
criterion_main!(benches);
