//! The adaptation against NumPy, its file, and what it refuses.

use proptest::prelude::*;

use super::*;
use crate::embedding::{Component, norm};
use crate::format::FormatError;

/// Numbers from 1 to 11, `[rows, dims]`.
fn rows(rows: usize, dims: usize) -> Vec<f32> {
    let value = |i: usize, j: usize| ((i * i * 7 + j * j * 3 + i * j * 5) % 11 + 1) as f32;
    (0..rows).flat_map(|i| (0..dims).map(move |j| value(i, j))).collect()
}

/// Random numbers whose spread falls along the dimensions, `[rows, dims]`.
fn spread(rows: usize, dims: usize) -> Vec<f32> {
    let numbers = crate::test_rng::numbers(rows * dims, 5).into_iter().enumerate();
    numbers.map(|(at, number)| 1.5 + number / (1.0 + (at % dims) as f32 / 8.0)).collect()
}

fn fit_whole(rows: &[f32], dims: usize, products: u32, threads: usize) -> Result<Adaptation, FitError> {
    fit(rows, &[Component::whole(dims)], products, threads)
}

/// A component of `dims` dimensions and length `weight`.
fn always(dims: usize, weight: f32) -> Component {
    Component { dims, weight, by_length: false }
}

fn close(got: &[f32], want: &[f32], error: f32) -> bool {
    got.len() == want.len() && got.iter().zip(want).all(|(got, want)| (got - want).abs() <= error)
}

#[test]
fn it_is_what_numpy_makes_of_the_definition() -> Result<(), Box<dyn std::error::Error>> {
    // python3 -c "import numpy as np
    // x=np.array([[(i*i*7+j*j*3+i*j*5)%11+1 for j in range(4)] for i in range(9)],float);q=np.array([3,1,4,1.5])
    // u=lambda v:v/np.linalg.norm(v,axis=-1,keepdims=True);d=u(x);m=d.mean(0);w,v=np.linalg.eigh(np.cov((d-m).T,bias=True))
    // w,v=w[::-1],v[:,::-1];v*=np.sign(v[np.abs(v).argmax(0),range(4)]);print(u((u(q)-m)@(v/w**.25)).tolist())"
    let want = [0.242_969_73, 0.643_445_1, -0.683_374_9, -0.244_832_37];
    let adaptation = fit_whole(&rows(9, 4), 4, 9, 1)?;
    assert_eq!((adaptation.dims(), adaptation.axes(), adaptation.products()), (4, 4, 9));
    let adapted = adaptation.apply(&[3.0, 1.0, 4.0, 1.5])?;
    // Axes are rounded to 11 bits.
    assert!(close(&adapted, &want, 1e-3), "{adapted:?}");
    // A direction alone counts, whatever the length.
    for factor in [1e-38, 1e-3, 1e37] {
        let scaled = [3.0, 1.0, 4.0, 1.5].map(|value| value * factor);
        assert!(close(&adaptation.apply(&scaled)?, &adapted, 1e-5), "times {factor}");
    }
    Ok(())
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() -> Result<(), FitError> {
    // More samples than dimensions, fewer, and a covariance too large to be decomposed whole.
    for (count, dims) in [(700, 300), (60, 300), (1100, 1030)] {
        let rows = spread(count, dims);
        let want = fit_whole(&rows, dims, count as u32, 1)?.write();
        for threads in [2, 5] {
            assert!(
                fit_whole(&rows, dims, count as u32, threads)?.write() == want,
                "{count} x {dims}, {threads} threads"
            );
        }
    }
    Ok(())
}

#[test]
fn each_way_to_the_axes_gives_the_same_distances() -> Result<(), Box<dyn std::error::Error>> {
    let (count, dims) = (60, 40);
    let rows = spread(count, dims);
    let by_covariance = fit_whole(&rows, dims, count as u32, 1)?;
    // With zeros beside them the same embeddings have more dimensions than there are samples, then too many for the whole.
    for wider in [80, WHOLE + 2] {
        let padded: Vec<f32> = rows
            .chunks(dims)
            .flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(0.0, wider - dims)))
            .collect();
        // Repeated, there are too many samples for the matrix of their products.
        let repeats = if wider > WHOLE { WHOLE / count + 1 } else { 1 };
        let other = fit_whole(&padded.repeat(repeats), wider, count as u32, 2)?;
        assert_eq!(other.axes(), by_covariance.axes(), "{wider}");
        for (row, wide) in rows.chunks(dims).zip(padded.chunks(wider)) {
            let (a, b) = (by_covariance.apply(row)?, other.apply(wide)?);
            assert!(close(&a, &b, 5e-3), "{wider}: {a:?} {b:?}");
        }
    }
    Ok(())
}

#[test]
fn there_are_fewer_axes_than_products_and_none_of_no_variance() -> Result<(), Box<dyn std::error::Error>> {
    let few = fit_whole(&spread(7, 30), 30, 7, 2)?;
    assert_eq!(few.axes(), 6, "seven products vary along six axes");
    // Two dimensions that are the same everywhere, and one that repeats another.
    let constant: Vec<f32> =
        spread(50, 3).chunks(3).flat_map(|row| [0.0, row[0], 0.0, row[1], row[1], row[2]]).collect();
    let adaptation = fit_whole(&constant, 6, 50, 2)?;
    assert_eq!(adaptation.axes(), 3);
    let adapted = adaptation.apply(&constant[..6])?;
    assert!(
        (norm(&adapted) - 1.0).abs() < 1e-6 && adapted.iter().all(|value| value.is_finite()),
        "{adapted:?}"
    );
    assert_eq!(fit_whole(&spread(600, 300), 300, 600, 2)?.axes(), MAX_AXES);
    Ok(())
}

#[test]
fn embeddings_that_are_all_alike_cannot_be_adapted_to() {
    for alike in
        [rows(1, 5), rows(1, 5).repeat(200), vec![0.0; 50], Vec::new(), [1.0, 2.0, 2.0, 4.0].to_vec()]
    {
        let dims = if alike.len() == 4 { 2 } else { 5 };
        assert_eq!(fit_whole(&alike, dims, 200, 2), Err(FitError::Alike));
    }
}

#[test]
fn what_is_not_finite_is_refused_and_zeros_stay_zeros() -> Result<(), Box<dyn std::error::Error>> {
    let adaptation = fit_whole(&rows(9, 4), 4, 9, 1)?;
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut damaged = rows(9, 4);
        damaged[18] = value;
        let error = AdaptError::NotFinite { at: 2, found: value.to_string() };
        assert_eq!(fit_whole(&damaged, 4, 9, 1), Err(FitError::Embedding { row: 4, error: error.clone() }));
        assert_eq!(adaptation.apply(&damaged[16..20]), Err(error));
    }
    assert_eq!(adaptation.apply(&[1.0; 3]), Err(AdaptError::Dimensions { found: 3, expected: 4 }));
    assert_eq!(adaptation.apply(&[0.0; 4])?, [0.0; 4]);
    Ok(())
}

#[test]
fn what_is_written_is_read_and_damage_is_refused() -> Result<(), Box<dyn std::error::Error>> {
    let adaptation = fit_whole(&rows(9, 4), 4, 9, 1)?;
    let bytes = adaptation.write();
    assert_eq!(bytes.len(), 20 + 4 * 4 + 2 * 4 * 4);
    assert_eq!(Adaptation::read(&bytes)?, adaptation);
    assert!(matches!(Adaptation::read(b"LKAX"), Err(FormatError::Magic { .. })));
    for cut in 4..bytes.len() {
        assert!(matches!(Adaptation::read(&bytes[..cut]), Err(FormatError::Length { .. })), "{cut}");
    }
    let changed = |at: usize, to: &[u8]| {
        let mut changed = bytes.clone();
        changed[at..at + to.len()].copy_from_slice(to);
        Adaptation::read(&changed)
    };
    assert!(matches!(changed(4, &[9]), Err(FormatError::NewerVersion { found: 9, known: 2 })));
    assert!(matches!(Adaptation::read(&[&bytes[..], &[0]].concat()), Err(FormatError::Length { .. })));
    assert!(matches!(changed(8, &u32::MAX.to_le_bytes()), Err(FormatError::Length { .. })));
    for (at, value) in [(8, 0u32), (12, 0), (12, 5), (12, u32::MAX)] {
        assert!(matches!(changed(at, &value.to_le_bytes()), Err(FormatError::Value(_))), "{at}: {value}");
    }
    for damage in [f32::NAN, f32::INFINITY, 1.5, -3e38] {
        assert!(matches!(changed(20, &damage.to_le_bytes()), Err(FormatError::Value(_))), "mean {damage}");
    }
    // Not a number, infinity and 1.5 in half precision.
    for damage in [0x7fffu16, 0x7c00, 0x3e00] {
        let last = bytes.len() - 2;
        assert!(
            matches!(changed(last, &damage.to_le_bytes()), Err(FormatError::Value(_))),
            "axes {damage:x}"
        );
    }
    Ok(())
}

#[test]
fn components_are_adapted_apart_and_joined_by_their_weights() -> Result<(), Box<dyn std::error::Error>> {
    let (left, right) = (spread(40, 5), spread(40, 3));
    let joined: Vec<f32> = left.chunks(5).zip(right.chunks(3)).flat_map(|(a, b)| [a, b].concat()).collect();
    let adaptation = fit(&joined, &[always(5, 2.0), always(3, 0.5)], 40, 2)?;
    assert_eq!((adaptation.dims(), adaptation.components()), (8, vec![always(5, 2.0), always(3, 0.5)]));
    let adapted = adaptation.apply(&joined[..8])?;
    let own =
        [fit_whole(&left, 5, 40, 1)?.apply(&left[..5])?, fit_whole(&right, 3, 40, 1)?.apply(&right[..3])?];
    let length = (2f32 * 2.0 + 0.5 * 0.5).sqrt();
    let want: Vec<f32> = own[0]
        .iter()
        .map(|value| value * 2.0 / length)
        .chain(own[1].iter().map(|value| value * 0.5 / length))
        .collect();
    assert!(close(&adapted, &want, 1e-5), "{adapted:?} {want:?}");

    let bytes = adaptation.write();
    assert_eq!(Adaptation::read(&bytes)?, adaptation);
    for cut in 4..bytes.len() {
        assert!(Adaptation::read(&bytes[..cut]).is_err(), "{cut}");
    }
    let mut wrong = bytes.clone();
    wrong[20] += 1;
    assert!(matches!(Adaptation::read(&wrong), Err(FormatError::Value(_))), "dimensions that do not add up");

    // A component that is the same in all photos has no axes; one of zeros stays zeros.
    let constant: Vec<f32> = left.chunks(5).flat_map(|row| [row, &[1.0, 2.0]].concat()).collect();
    let adaptation = fit(&constant, &[always(5, 1.0), always(2, 1.0)], 40, 1)?;
    assert!(close(&adaptation.apply(&constant[..7])?, &own[0], 1e-5));
    assert_eq!(axes_of(&[always(1280, 1.0), always(256, 1.0), always(256, 0.5)]), [170, 170, 170]);
    Ok(())
}

#[test]
fn a_component_by_length_keeps_it() -> Result<(), Box<dyn std::error::Error>> {
    // python3 -c "import numpy as np
    // x=np.array([[(i*i*7+j*j*3+i*j*5)%11-5 for j in range(3)] for i in range(9)],float)/20;q=np.array([.3,-.1,.2])
    // w,v=np.linalg.eigh((x/2).T@(x/2)/9);w,v=w[::-1],v[:,::-1];v*=np.sign(v[np.abs(v).argmax(0),range(3)])
    // a=q@v/w**.25;a*=np.linalg.norm(q)/np.linalg.norm(a);a=np.append([1],a);print((a/np.linalg.norm(a)).tolist())"
    let want = [0.936_585_8, 0.167_932_04, 0.241_466_43, -0.190_525_1];
    let number = |i: usize, j: usize| ((i * i * 7 + j * j * 3 + i * j * 5) % 11) as f32 / 20.0 - 0.25;
    let kept: Vec<f32> = (0..9).flat_map(|i| (0..3).map(move |j| number(i, j))).collect();
    // Beside it one that has a single axis, so that of unit length it is 1 or -1.
    let sides = [[1.0, 0.0], [0.8, 0.6]];
    let rows: Vec<f32> =
        kept.chunks(3).enumerate().flat_map(|(i, own)| [&sides[i % 2][..], own].concat()).collect();
    let components = [always(2, 1.0), Component { dims: 3, weight: 2.0, by_length: true }];
    let adaptation = fit(&rows, &components, 9, 1)?;
    assert_eq!(adaptation.components(), components);
    let adapted = adaptation.apply(&[0.8, 0.6, 0.3, -0.1, 0.2])?;
    assert!(close(&adapted, &want, 1e-3), "{adapted:?}");
    // Twice as much of it counts twice as much beside the other, none of it not at all.
    let twice = adaptation.apply(&[0.8, 0.6, 0.6, -0.2, 0.4])?;
    let part = |of: &[f32], at: usize| of[at] / of[0];
    (1..4).for_each(|at| assert!((part(&twice, at) - 2.0 * part(&adapted, at)).abs() < 1e-5, "{twice:?}"));
    assert_eq!(adaptation.apply(&[0.8, 0.6, 0.0, 0.0, 0.0])?, [1.0, 0.0, 0.0, 0.0]);

    let bytes = adaptation.write();
    assert_eq!((bytes[4], Adaptation::read(&bytes)?), (2, adaptation));
    let mut wrong = bytes.clone();
    wrong[20 + 12] = 2;
    assert!(matches!(Adaptation::read(&wrong), Err(FormatError::Value(_))), "a kind there is not");
    for cut in 4..bytes.len() {
        assert!(Adaptation::read(&bytes[..cut]).is_err(), "{cut}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_give_what_is_not_finite(mut bytes in prop::collection::vec(any::<u8>(), 0..120), dims in 1u32..5) {
        let head = [MAGIC_AND_VERSION, dims.to_le_bytes(), 1u32.to_le_bytes(), [9, 0, 0, 0]].concat();
        bytes.truncate((6 * dims) as usize);
        if let Ok(adaptation) = Adaptation::read(&[&[b'L', b'K', b'A', b'D'][..], &head, &bytes].concat()) {
            let adapted = adaptation.apply(&vec![1.0; dims as usize]);
            prop_assert!(adapted.is_ok_and(|adapted| adapted.iter().all(|value| value.is_finite())));
        }
    }
}

/// What stands after the magic: version 1 and two bytes of nothing.
const MAGIC_AND_VERSION: [u8; 4] = [1, 0, 0, 0];
