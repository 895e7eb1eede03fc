//! The crate in a real browser, where its instructions and its JavaScript face are what they are for a shopper.
#![cfg(target_arch = "wasm32")]

use js_sys::{Reflect, Uint8Array, Uint8ClampedArray};
use lookalike::attributes::write_attributes;
use lookalike::browser::{Embedder, NetworkLoader, Picture, PictureRows, Ranker};
use lookalike::codes::{BYTES, Rotation, Space, Written, write};
use lookalike::colour::{ColourCodes, Colours, Means, object};
use lookalike::digest::Digest;
use lookalike::embedding::{norm, sums, sums_scalar};
use lookalike::network::{Encoding, Vgg16, encode, matrix_kernel, random_weights, write_parts};
use lookalike::photo::{Crop, Limits, Photo, decode, resize};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// Small enough to run in a moment, with every kind of layer of the real one.
const TINY: Vgg16 = Vgg16 { side: 32, divisor: 16, dense: 24 };

/// `network.json` and its parts.
fn tiny_network() -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut description = TINY.describe("tiny", false, Encoding::Int8);
    let entries = description.tensors.clone();
    let weights: Vec<Vec<f32>> = random_weights(&description, 5).collect();
    let stored =
        weights.iter().zip(&entries).map(|(values, entry)| encode(values, &entry.shape, entry.encoding));
    let mut parts = Vec::new();
    write_parts(&mut description, stored, |_, content| {
        parts.push(content.to_vec());
        Ok::<(), ()>(())
    })
    .expect("writing to memory cannot fail");
    (description.write(), parts)
}

fn tiny_embedder() -> Embedder {
    let (description, parts) = tiny_network();
    let mut loader = NetworkLoader::new(&description, &Digest::of(&description).hex()).expect("just written");
    for (index, part) in parts.iter().enumerate() {
        loader.part(index, &Uint8Array::from(part.as_slice())).expect("just written");
    }
    loader.finish().expect("every part is there")
}

fn code(error: &JsValue) -> String {
    Reflect::get(error, &"code".into()).ok().and_then(|code| code.as_string()).unwrap_or_default()
}

/// Projecting and decoding have kernels of their own here.
#[wasm_bindgen_test]
fn rotations_by_simd_are_plain_sums() {
    let (dims, axes) = (53, 11);
    let noise = |count: usize, seed: usize| -> Vec<f32> {
        (0..count).map(|at| ((at * 7919 + seed) % 1000) as f32 / 500.0 - 1.0).collect()
    };
    // Numbers of 127th parts are kept exactly.
    let rows: Vec<f32> = noise(axes * dims, 1).iter().map(|value| (value * 126.0).round()).collect();
    let rows: Vec<f32> = rows
        .chunks(dims)
        .flat_map(|row| row[1..].iter().copied().chain([127.0]).collect::<Vec<_>>())
        .collect();
    let (rotation, vector) = (Rotation::new(&rows, dims), noise(dims, 2));
    let plain = |row: &[f32]| row.iter().zip(&vector).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    for (got, row) in rotation.project(&vector).into_iter().zip(rows.chunks(dims)) {
        assert!((f64::from(got) - plain(row)).abs() < 1e-2, "{got} instead of {}", plain(row));
    }
    let coefficients = noise(2 * axes, 3);
    let mut sums = vec![0.5; 2 * dims];
    rotation.add_to(&[coefficients[..axes].to_vec(), coefficients[axes..].to_vec()], 0, &mut sums);
    for (at, got) in sums.iter().enumerate() {
        let own = &coefficients[at / dims * axes..][..axes];
        let want: f32 = own.iter().enumerate().map(|(axis, own)| own * rows[axis * dims + at % dims]).sum();
        assert!((got - 0.5 - want).abs() < 1e-2, "{got} instead of {want}");
    }
}

/// tract finds its kernels through constructors that run at start-up, and only in builds with simd128; a build where
/// either fails still works, ten times slower.
#[wasm_bindgen_test]
fn convolutions_run_on_the_simd_kernel() {
    assert_eq!(matrix_kernel(64, 576, 3136).as_deref(), Some("wasm_f32_8x8"));
}

#[wasm_bindgen_test]
fn sums_agree_with_the_definition() {
    let a: Vec<f32> = (0..1003).map(|i| (i * 7919 % 1000) as f32 / 500.0 - 1.0).collect();
    let b: Vec<f32> = (0..1003).map(|i| (i * 104_729 % 1000) as f32 / 500.0 - 1.0).collect();
    let (got, want) = (sums(&a, &b), sums_scalar(&a, &b));
    assert!((got.product - want.product).abs() < 1e-3);
    assert!((got.squared - want.squared).abs() < 1e-6 * want.squared);
    assert!((got.absolute - want.absolute).abs() < 1e-6 * want.absolute);
}

/// The digest is that of the same photo resized natively (`photo::resize` on x86-64).
#[wasm_bindgen_test]
fn resizing_gives_the_bytes_it_gives_natively() {
    let photo = lookalike_test_photo();
    assert_eq!(Digest::of(resize(&photo, 224, 224).rgb()).short(), "8087721821828215");
}

/// The digest is that of the same file decoded natively (`tests/cli/profiles.rs`).
#[wasm_bindgen_test]
fn a_colour_profile_gives_the_bytes_it_gives_natively() {
    let photo = decode(include_bytes!("../profiles/adobe-rgb.jpg"), &Limits::default()).expect("a photo");
    assert_eq!(Digest::of(photo.rgb()).short(), "3fe17ab5da665345");
}

#[wasm_bindgen_test]
fn a_photo_is_adapted_to_the_catalogue_right_after_the_network() {
    let mut embedder = tiny_embedder();
    let rgba: Vec<u8> = (0..64 * 4u32).map(|i| (i * 37 % 251) as u8).collect();
    let mut rows = PictureRows::new(8, 8).expect("a small photo");
    rows.add(&Uint8ClampedArray::from(rgba.as_slice()));
    let picture = rows.finish().expect("every row is there");
    let own = embedder.embed(&picture, None).expect("the network runs");

    // Means of zero and two axes of one dimension each (1 is 0x3c00 in half precision), by FORMAT.md.
    let file = |dims: usize| -> Vec<u8> {
        let numbers = [dims as u32, 2, 100].into_iter().flat_map(u32::to_le_bytes);
        let head = b"LKAD\x01\0\0\0".iter().copied().chain(numbers).chain(vec![0; 4 * dims]);
        let axis = |own: usize| (0..dims).flat_map(move |at| if at == own { [0, 0x3c] } else { [0, 0] });
        head.chain(axis(0)).chain(axis(1)).collect()
    };
    let bytes = file(own.len());
    let refused = |embedder: &mut Embedder, bytes: &[u8], sha256: &str| {
        let error = embedder.adapt(bytes, sha256, "adaptation-0.bin").expect_err("it is another file");
        assert_eq!(code(&error), "folder/corrupt");
        let file = Reflect::get(&error, &"file".into()).ok().and_then(|file| file.as_string());
        assert_eq!(file.as_deref(), Some("adaptation-0.bin"));
    };
    refused(&mut embedder, &bytes, &"0".repeat(64));
    refused(&mut embedder, &file(own.len() + 1), &Digest::of(&file(own.len() + 1)).hex());
    embedder.adapt(&bytes, &Digest::of(&bytes).hex(), "adaptation-0.bin").expect("just written");
    let adapted = embedder.embed(&picture, None).expect("the network runs");
    let length = own[0].hypot(own[1]);
    let want = if length > 0.0 { [own[0] / length, own[1] / length] } else { [0.0; 2] };
    assert_eq!(adapted.len(), 2);
    assert!(
        adapted.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-5),
        "{adapted:?}, not {want:?}"
    );
}

fn lookalike_test_photo() -> Photo {
    let rgb = (0..301 * 187 * 3u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    Photo::new(301, 187, rgb).expect("sizes match")
}

#[wasm_bindgen_test]
fn a_photo_is_embedded_and_ranked() {
    let embedder = tiny_embedder();
    let mut bmp = Vec::new();
    image::codecs::bmp::BmpEncoder::new(&mut bmp)
        .encode(lookalike_test_photo().rgb(), 301, 187, image::ExtendedColorType::Rgb8)
        .expect("a BMP can be written to memory");
    let picture = Picture::decode(&Uint8Array::from(bmp.as_slice())).expect("a BMP");
    assert_eq!((picture.width(), picture.height()), (301, 187));
    let embedding = embedder.embed(&picture, None).expect("the network runs");
    assert_eq!(embedding.len(), TINY.dense);

    let other: Vec<f32> = embedding.iter().rev().copied().collect();
    let written = codes_of(&[&other, &embedding]);
    let given = |bytes: &[u8]| (Uint8Array::from(bytes), Digest::of(bytes).hex());
    let ((codec, codec_sha256), (codes, codes_sha256)) = (given(&written.codec), given(&written.codes));
    let mut ranker = Ranker::new(&codec, &codec_sha256, &codes, &codes_sha256, 2).expect("just written");
    let (refinement, sha256) = given(&written.refinement);
    ranker.refine(&refinement, &sha256).expect("just written");
    let options = |text: &str| js_sys::JSON::parse(text).expect("JSON");
    let items = |ranked: Vec<f64>| -> Vec<f64> { ranked.into_iter().step_by(2).collect() };
    for metric in ["cosine", "euclidean", "manhattan"] {
        let asked = format!(r#"{{"metric":"{metric}","limit":2}}"#);
        let ranked = ranker
            .rank(&embedding, &picture.colours(None).expect("of all of it"), options(&asked))
            .expect("one network");
        assert_eq!(items(ranked), [1.0, 0.0], "{metric}");
        let ranked = ranker.rank_like_item(0, options(&asked)).expect("there is one");
        assert_eq!(items(ranked), [1.0], "{metric}");
    }

    // Colours decide where they are all that counts: the first product has the photo's.
    let others = Photo::new(1, 1, vec![0, 90, 0]).expect("one pixel");
    let colours = [Colours::of(&lookalike_test_photo()), Colours::of(&others)];
    let (colours, sha256) = given(&ColourCodes::write(&colours, &Means::default(), 0.0));
    let asked = options(r#"{"metric":"cosine","limit":2,"colour":1}"#);
    let error = ranker
        .rank(&embedding, &picture.colours(None).expect("of all of it"), asked.clone())
        .expect_err("none were given");
    assert_eq!(code(&error), "options/invalid");
    ranker.give_colours(&colours, &sha256).expect("just written");
    let ranked = ranker
        .rank(&embedding, &picture.colours(None).expect("of all of it"), asked)
        .expect("they were given");
    assert_eq!(items(ranked), [0.0, 1.0]);

    let (attributes, sha256) = given(&write_attributes([[("size", "S")], [("size", "M")]], &[]).bytes);
    ranker.give_attributes(&attributes, &sha256).expect("just written");
    let asked = |filter: &str| {
        options(&format!(r#"{{"metric":"cosine","limit":2,"rules":{{"filter":{filter}}},"excluded":[]}}"#))
    };
    for filter in [r#""size=S""#, r#"{"size":["S","L"]}"#] {
        let ranked = ranker
            .rank(&embedding, &picture.colours(None).expect("of all of it"), asked(filter))
            .expect("a filter");
        assert_eq!(items(ranked), [0.0], "{filter}");
    }
    let error = ranker
        .rank(&embedding, &picture.colours(None).expect("of all of it"), asked(r#""sise=S""#))
        .expect_err("no such column");
    assert_eq!(code(&error), "filter/unknown-attribute");
}

/// A part is embedded as if it were a photo of its own, and a picture from rows is that from a file.
#[wasm_bindgen_test]
fn a_part_of_a_photo_is_a_photo_of_its_own() {
    let embedder = tiny_embedder();
    let picture = |photo: &Photo| {
        let mut rows = PictureRows::new(photo.width(), photo.height()).expect("a small photo");
        let rgba: Vec<u8> = photo.rgb().chunks(3).flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 255]).collect();
        rgba.chunks(photo.width() as usize * 4 * 50)
            .for_each(|some| rows.add(&Uint8ClampedArray::from(some)));
        rows.finish().expect("every row came")
    };
    let whole = lookalike_test_photo();
    let sides = [0.25, 0.1, 0.5, 0.75];
    let part = whole.region(&Crop::new(sides).expect("within")).to_photo();
    let (whole, part) = (picture(&whole), picture(&part));
    assert_eq!(whole.sha256(), Digest::of(lookalike_test_photo().rgb()).hex());
    let crop = Some(sides.to_vec());
    assert_eq!(
        embedder.embed(&whole, crop.clone()).expect("within"),
        embedder.embed(&part, None).expect("all of it")
    );
    assert_ne!(
        embedder.embed(&whole, None).expect("all of it"),
        embedder.embed(&part, None).expect("all of it")
    );
    assert_eq!(whole.colours(crop).expect("within"), part.colours(None).expect("all of it"));
    assert_eq!(whole.object(), object(&lookalike_test_photo()).sides());

    for crop in [vec![0.0, 0.0, 2.0, 1.0], vec![0.0, 0.0, 1.0]] {
        let error = embedder.embed(&whole, Some(crop.clone())).expect_err("no part of a photo");
        assert_eq!(code(&error), "photo/crop");
        assert_eq!(code(&whole.colours(Some(crop)).expect_err("no part of a photo")), "photo/crop");
    }
    assert_eq!(
        PictureRows::new(30_000, 30_000).err().map(|error| code(&error)).as_deref(),
        Some("photo/too-large")
    );
}

/// Along the axes of the space itself.
fn codes_of(embeddings: &[&Vec<f32>]) -> Written {
    let dims = embeddings[0].len();
    let lengths: Vec<f64> = embeddings.iter().map(|embedding| norm(embedding)).collect();
    let mut axes = vec![0f32; dims * dims];
    (0..dims).for_each(|dim| axes[dim * dims + dim] = 1.0);
    let rotation = Rotation::new(&axes, dims);
    let directions = embeddings.iter().zip(&lengths);
    let directions = directions.flat_map(|(row, length)| row.iter().map(move |value| value / *length as f32));
    let directions: Vec<f32> = directions.collect();
    let coefficients: Vec<f32> = directions.chunks(dims).flat_map(|row| rotation.project(row)).collect();
    write(&Space { mean: vec![0.0; dims], rotation, positive: true }, &coefficients, &lengths, BYTES, 1)
}

#[wasm_bindgen_test]
fn failures_are_errors_with_codes() {
    let (description, mut parts) = tiny_network();
    let sha256 = Digest::of(&description).hex();
    assert_eq!(
        NetworkLoader::new(&description, &"0".repeat(64)).err().map(|error| code(&error)).as_deref(),
        Some("folder/corrupt")
    );

    let mut loader = NetworkLoader::new(&description, &sha256).expect("just written");
    parts[0][100] ^= 1;
    let error = loader.part(0, &Uint8Array::from(parts[0].as_slice())).expect_err("a byte has changed");
    assert_eq!(code(&error), "folder/corrupt");
    let file = Reflect::get(&error, &"file".into()).ok().and_then(|file| file.as_string());
    assert_eq!(file.as_deref(), Some("part-000.bin"));
    assert_eq!(loader.finish().err().map(|error| code(&error)).as_deref(), Some("network/missing-part"));
}

#[wasm_bindgen_test]
fn colours_are_the_same_bytes_as_natively() {
    // src/colour/tests.rs has the same photo.
    let rgb = (0..301 * 187 * 3u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13 & 127) as u8 + (i / 1700 % 99) as u8);
    let colours = Colours::of(&Photo::new(301, 187, rgb.collect()).expect("sizes match"));
    let hex: String = colours.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "b3457df14578f1395eb35157d24549f25146b33943b14538");
}
