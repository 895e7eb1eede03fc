//! What the descriptor promises: the object and not its place, the same in another light, a sound distance.

use proptest::prelude::*;

use super::*;
use crate::photo::{Crop, Photo};

/// A square of `object` in the middle of `ground`, with a little noise.
fn square(object: [u8; 3], ground: [u8; 3], width: u32, height: u32) -> Photo {
    let mut rgb = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let inside = x * 4 > width && x * 4 < width * 3 && y * 4 > height && y * 4 < height * 3;
            let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 7 & 3;
            rgb.extend(if inside { object } else { ground }.map(|value| value.saturating_add(noise as u8)));
        }
    }
    Photo::new(width, height, rgb).expect("sizes match")
}

fn any_photo() -> impl Strategy<Value = Photo> {
    (1u32..70, 1u32..70).prop_flat_map(|(width, height)| {
        prop::collection::vec(any::<u8>(), (width * height * 3) as usize)
            .prop_map(move |rgb| Photo::new(width, height, rgb).expect("sizes match"))
    })
}

fn any_colours() -> impl Strategy<Value = Colours> {
    prop::collection::vec((0u16..1 << 15, 0u8..=90), COLOURS).prop_filter_map(
        "the first is there",
        |entries| {
            let mut bytes = [0; BYTES];
            for (into, (place, strength)) in bytes.chunks_exact_mut(3).zip(entries) {
                into.copy_from_slice(&[place.to_le_bytes()[0], place.to_le_bytes()[1], strength]);
            }
            Colours::from_bytes(bytes)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_photo_has_colours_that_can_be_read_back(photo in any_photo()) {
        let colours = Colours::of(&photo);
        prop_assert_eq!(Colours::from_bytes(*colours.as_bytes()), Some(colours));
        let strengths: Vec<u32> = colours.entries().map(|(_, strength)| strength).collect();
        prop_assert!(strengths.is_sorted_by(|a, b| a >= b));
        let [x, y, width, height] = object(&photo).sides();
        prop_assert!(Crop::new([x, y, width, height]).is_ok(), "within the photo");
        // Shares add up to one; each square root is rounded down.
        let shares: u32 = strengths.iter().map(|strength| strength * strength).sum();
        prop_assert!(shares <= 255 * 255 && shares > 225 * 225, "{shares}");
    }

    #[test]
    fn the_distance_is_sound(a in any_colours(), b in any_colours()) {
        prop_assert_eq!(a.distance(&a), 0.0);
        prop_assert_eq!(a.distance(&b).to_bits(), b.distance(&a).to_bits());
        prop_assert!((0.0..=1.0).contains(&a.distance(&b)));
        // A query's field gives the same to the bit.
        prop_assert_eq!(Query::new(&a).distance(&b, b.norm()).to_bits(), a.distance(&b).to_bits());
    }
}

#[test]
fn colours_of_a_part_are_those_of_its_pixels() {
    let photo = square([190, 40, 40], [240, 240, 240], 200, 160);
    let crop = Crop::new([0.3, 0.25, 0.4, 0.45]).expect("within");
    let part = photo.region(&crop);
    assert_eq!(Colours::of(part), Colours::of(&part.to_photo()));
    assert_ne!(Colours::of(part), Colours::of(&photo));
}

#[test]
fn the_box_is_around_the_object() {
    for (object_colour, ground) in [([190, 40, 40], [240, 240, 240]), ([250, 250, 250], [90, 60, 30])] {
        let [x, y, width, height] = object(&square(object_colour, ground, 200, 160)).sides();
        // The square goes from a quarter to three quarters; there is a cell of 1/32 of air.
        for (got, want) in [(x, 0.25), (y, 0.25), (x + width, 0.75), (y + height, 0.75)] {
            assert!((got - want).abs() <= 2.0 / 32.0, "{got} for {want}");
        }
        assert!(x <= 0.25 && y <= 0.25 && x + width >= 0.75 && y + height >= 0.75);
    }
}

#[test]
fn where_nothing_stands_out_the_box_is_the_whole() {
    let plain = Photo::new(300, 200, [200u8, 210, 190].repeat(300 * 200)).expect("sizes match");
    assert_eq!(object(&plain), Crop::WHOLE);
    assert_eq!(object(&Photo::new(1, 1, vec![255; 3]).expect("one pixel")), Crop::WHOLE);
    // A speck in the middle.
    let mut rgb = [200u8, 210, 190].repeat(320 * 320);
    for y in 155..165 {
        rgb[(y * 320 + 155) * 3..(y * 320 + 165) * 3].fill(0);
    }
    assert_eq!(object(&Photo::new(320, 320, rgb).expect("sizes match")), Crop::WHOLE);
}

#[test]
fn the_object_counts_and_not_its_place() {
    let red = Colours::of(&square([190, 40, 40], [240, 240, 240], 200, 160));
    let red_on_wood = Colours::of(&square([190, 40, 40], [150, 110, 70], 170, 250));
    let blue = Colours::of(&square([40, 60, 170], [240, 240, 240], 200, 160));
    assert!(red.distance(&red_on_wood) < red.distance(&blue) / 2.0);
}

#[test]
fn another_light_is_nearer_than_another_colour() {
    let ground = [230, 230, 225];
    let dim = |rgb: [u8; 3]| rgb.map(|value| (u32::from(value) * 85 / 100) as u8);
    let green = Colours::of(&square([60, 130, 80], ground, 250, 250));
    let green_dim = Colours::of(&square(dim([60, 130, 80]), dim(ground), 250, 250));
    for other in [[130, 60, 80], [70, 80, 150], [220, 200, 90], [30, 30, 30]] {
        let other = Colours::of(&square(other, ground, 250, 250));
        assert!(green.distance(&green_dim) < green.distance(&other));
    }
}

#[test]
fn a_larger_photo_has_the_same_colours() {
    let small = Colours::of(&square([200, 150, 40], [90, 90, 95], 250, 250));
    let large = Colours::of(&square([200, 150, 40], [90, 90, 95], 2000, 2000));
    assert!(small.distance(&large) < 0.03, "{}", small.distance(&large));
}

#[test]
fn one_pixel_is_one_colour() {
    let white = Colours::of(&Photo::new(1, 1, vec![255; 3]).expect("one pixel"));
    let mut want = [0; BYTES];
    want[..3].copy_from_slice(&[(14 << 5 | 18u16).to_le_bytes()[0], 31 << 2 | 1, 255]);
    assert_eq!(white.as_bytes(), &want);
}

/// A test in a browser is to assert the same bytes.
#[test]
fn every_machine_gives_these_bytes() {
    let rgb = (0..301 * 187 * 3u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13 & 127) as u8 + (i / 1700 % 99) as u8);
    let colours = Colours::of(&Photo::new(301, 187, rgb.collect()).expect("sizes match"));
    let hex: String = colours.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "b3457df14578f1395eb35157d24549f25146b33943b14538");
}
