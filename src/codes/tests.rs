//! What is coded is near what was given, damage is refused, and rankings by codes are near the exact ones.

use proptest::prelude::*;

use super::*;
use crate::embedding::{Metric, distance, norm};
use crate::test_rng::numbers;

/// Embeddings as a ReLU leaves them, and their files. The axes are those of the space itself.
fn catalogue(items: usize, dims: usize, seed: u64) -> (Vec<Vec<f32>>, Written) {
    let embeddings: Vec<Vec<f32>> = (0..items)
        .map(|item| {
            numbers(dims, seed ^ (item as u64) << 20).iter().map(|value| value.max(0.0) * 9.0).collect()
        })
        .collect();
    let lengths: Vec<f64> = embeddings.iter().map(|embedding| norm(embedding)).collect();
    let directions: Vec<Vec<f32>> = embeddings
        .iter()
        .zip(&lengths)
        .map(|(embedding, length)| {
            embedding.iter().map(|value| value / (*length as f32).max(1e-30)).collect()
        })
        .collect();
    let mean: Vec<f32> =
        (0..dims).map(|dim| directions.iter().map(|row| row[dim]).sum::<f32>() / items as f32).collect();
    let mut axes = vec![0f32; dims * dims];
    (0..dims).for_each(|dim| axes[dim * dims + dim] = 1.0);
    let rotation = Rotation::new(&axes, dims);
    let coefficients: Vec<f32> = directions
        .iter()
        .flat_map(|row| {
            let centred: Vec<f32> = row.iter().zip(&mean).map(|(value, mean)| value - mean).collect();
            rotation.project(&centred)
        })
        .collect();
    let space = Space { mean, rotation, positive: true };
    let written = write(&space, &coefficients, &lengths, BYTES, 2);
    (embeddings, written)
}

fn read(written: &Written, items: usize) -> Codes {
    Codes::read(&written.codec, &written.codes, items as u32).expect("just written")
}

#[test]
fn codes_are_as_small_as_promised_and_near_what_was_given() {
    let (embeddings, written) = catalogue(500, 256, 1);
    assert!(written.codes.len() as f64 <= BYTES * 500.0, "{}", written.codes.len());
    let mut codes = read(&written, 500);
    assert_eq!((codes.items(), codes.dims(), codes.refined()), (500, 256, false));
    let errors = |codes: &Codes| {
        let mut decoded = vec![0f32; 256];
        let error = |(item, embedding): (usize, &Vec<f32>)| {
            codes.decode(item, &mut decoded);
            distance(Metric::Euclidean, embedding, &decoded) / norm(embedding)
        };
        embeddings.iter().enumerate().map(error).sum::<f64>() / 500.0
    };
    let base = errors(&codes);
    codes.refine(&written.refinement).expect("just written");
    let refined = errors(&codes);
    assert!(base < 0.12, "{base}");
    assert!(refined < 0.02, "{refined}");
}

#[test]
fn distances_are_those_of_decoded_embeddings() {
    let (embeddings, written) = catalogue(60, 48, 5);
    let mut codes = read(&written, 60);
    for refined in [false, true] {
        if refined {
            codes.refine(&written.refinement).expect("just written");
        }
        let mut decoded = vec![0f32; 48];
        for metric in Metric::ALL {
            let query = codes.query(&embeddings[7], metric).expect("dimensions fit");
            for item in 0..60 {
                codes.decode(item as usize, &mut decoded);
                let want = distance(metric, &embeddings[7], &decoded);
                let scale = if metric == Metric::Cosine { 1.0 } else { norm(&embeddings[7]) };
                // Decoding takes what is below 0 to 0, and axes are not quite orthogonal.
                let got = query.distance(item);
                assert!((got - want).abs() <= 0.01 * scale, "{metric:?} {item}: {got} instead of {want}");
                if metric != Metric::Manhattan && !refined {
                    // Squares, since a root makes much of an error where it is near 0.
                    let power = if metric == Metric::Cosine { 1 } else { 2 };
                    let error = query.approximate(item).powi(power) - got.powi(power);
                    assert!(error.abs() <= 1e-4 * scale.powi(power), "{metric:?} {item}: off by {error}");
                }
            }
            assert!(query.between(3, 3) < 1e-9);
        }
    }
}

#[test]
fn any_number_of_threads_writes_the_same() {
    let (_, one) = catalogue(40, 32, 9);
    let (_, other) = catalogue(40, 32, 9);
    assert!(one.codes == other.codes && one.codec == other.codec && one.refinement == other.refinement);
}

#[test]
fn small_and_odd_catalogues_are_coded() {
    for (items, dims) in [(1, 4), (2, 1), (3, 5), (1025, 3)] {
        let (embeddings, written) = catalogue(items, dims, 3);
        let mut codes = read(&written, items);
        codes.refine(&written.refinement).expect("just written");
        let mut decoded = vec![0f32; dims];
        for (item, embedding) in embeddings.iter().enumerate() {
            codes.decode(item, &mut decoded);
            let error = distance(Metric::Euclidean, embedding, &decoded);
            assert!(error <= 0.05 * norm(embedding) + 1e-6, "{items} x {dims}, {item}: {error}");
        }
    }
}

#[test]
fn another_networks_embedding_is_refused() {
    let (_, written) = catalogue(3, 4, 1);
    let codes = read(&written, 3);
    assert_eq!(
        codes.query(&[1.0; 5], Metric::Cosine).err(),
        Some(WrongDimensions { embedding: 5, codes: 4 })
    );
}

#[test]
fn headers_no_writer_writes_are_refused() {
    let (_, written) = catalogue(3, 4, 1);
    let read = |codec: &[u8], codes: &[u8]| Codes::read(codec, codes, 3).err();
    assert!(matches!(
        Codes::read(&written.codec, &written.codes, 4).err(),
        Some(CodesError::Codes(FormatError::Value(_)))
    ));
    let mut newer = written.codes.clone();
    newer[4] = 9;
    let error = FormatError::NewerVersion { found: 9, known: 3 };
    assert_eq!(read(&written.codec, &newer), Some(CodesError::Codes(error)));
    let mut kind = written.codec.clone();
    kind[6] = 7;
    assert!(matches!(read(&kind, &written.codes), Some(CodesError::Codec(FormatError::Value(_)))));
    // After magic, version, flags, dimensions, 4 means and the lengths; more would be too many to be summed.
    let mut axes = written.codec.clone();
    axes.splice(12 + 4 * 4 + LENGTHS * 4.., [513u32.to_le_bytes().to_vec(), vec![0; 513 * 8]].concat());
    let refusal = read(&axes, &written.codes).expect("too many axes").to_string();
    assert!(refusal.starts_with("the codec holds axes that no writer makes"), "{refusal}");
    assert!(matches!(
        read(&written.codes, &written.codes),
        Some(CodesError::Codec(FormatError::Magic { .. }))
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damage_is_refused_or_read_to_the_end(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        which in 0usize..3,
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let (_, mut written) = catalogue(5, 6, 2);
        let file = [&mut written.codec, &mut written.codes, &mut written.refinement].into_iter().nth(which);
        let file = file.expect("one of three");
        let place = at.index(file.len());
        file[place] = byte;
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        // No panic, and no more memory than the files are long.
        if let Ok(mut codes) = Codes::read(&written.codec, &written.codes, 5) {
            drop(codes.refine(&written.refinement));
            if let Ok(query) = codes.query(&[1.0; 6], Metric::Manhattan) {
                for item in 0..5 {
                    query.approximate(item);
                    query.distance(item);
                }
            }
        }
    }
}
