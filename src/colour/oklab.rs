//! Oklab in integers: the perceptual space in which colours are compared.
//!
//! B. Ottosson, "A perceptual color space for image processing", 2020 (bottosson.github.io/posts/oklab); the matrices
//! are that text's, times 65536. Tables and an integer cube root: no machine rounds another way.

/// A colour: `[lightness, green to red, blue to yellow]` in 1/4096 of Oklab's unit. sRGB has lightness 0 to 4096, the
/// others -960 to 1131 and -1277 to 813.
pub type Lab = [i32; 3];

/// The Oklab colour of 8-bit sRGB.
pub fn oklab(rgb: [u8; 3]) -> Lab {
    let linear = rgb.map(|value| LINEAR[usize::from(value)]);
    let dot = |row: [u32; 3]| row.iter().zip(linear).map(|(a, b)| u64::from(*a) * u64::from(b)).sum::<u64>();
    // Cones' answers from 0 to 65536, and their cube roots from 0 to 4096.
    let [l, m, s] = TO_CONES.map(|row| cube_root(((dot(row) + (1 << 15)) >> 16) << 20) as i64);
    FROM_ROOTS.map(|row| ((row[0] * l + row[1] * m + row[2] * s + (1 << 15)) >> 16) as i32)
}

const TO_CONES: [[u32; 3]; 3] = [[27015, 35149, 3372], [13887, 44611, 7038], [5787, 18463, 41286]];

/// Rows sum to 65536, 0 and 0, so that greys have no hue.
const FROM_ROOTS: [[i64; 3]; 3] = [[13792, 52011, -267], [129630, -159160, 29530], [1697, 51300, -52997]];

/// The greatest integer whose cube is at most `value` (below 2^37): bit by bit.
fn cube_root(value: u64) -> u64 {
    let mut root = 0;
    let mut bit = 1 << 12;
    while bit > 0 {
        let tried: u64 = root | bit;
        if tried * tried * tried <= value {
            root = tried;
        }
        bit >>= 1;
    }
    root
}

/// sRGB's transfer function (IEC 61966-2-1): `round(65536 * linear(i / 255))`.
#[rustfmt::skip]
const LINEAR: [u32; 256] = [
    0, 20, 40, 60, 80, 99, 119, 139, 159, 179, 199, 219, 241, 264, 288, 313, 340, 367, 396, 427, 458, 491,
    526, 562, 599, 637, 677, 718, 761, 805, 851, 898, 947, 997, 1048, 1101, 1156, 1212, 1270, 1330, 1391,
    1453, 1517, 1583, 1651, 1720, 1791, 1863, 1937, 2013, 2090, 2170, 2250, 2333, 2418, 2504, 2592, 2681,
    2773, 2866, 2961, 3058, 3157, 3258, 3360, 3464, 3570, 3678, 3788, 3900, 4014, 4129, 4247, 4366, 4488,
    4611, 4736, 4864, 4993, 5124, 5257, 5392, 5530, 5669, 5810, 5953, 6099, 6246, 6395, 6547, 6701, 6856,
    7014, 7174, 7336, 7500, 7666, 7834, 8004, 8177, 8352, 8529, 8708, 8889, 9072, 9258, 9446, 9636, 9828,
    10022, 10219, 10418, 10619, 10822, 11028, 11236, 11446, 11658, 11873, 12090, 12309, 12531, 12754, 12981,
    13209, 13440, 13673, 13909, 14147, 14387, 14629, 14874, 15122, 15372, 15624, 15878, 16135, 16394, 16656,
    16920, 17187, 17456, 17727, 18001, 18278, 18556, 18838, 19121, 19408, 19696, 19988, 20281, 20578, 20876,
    21178, 21481, 21788, 22096, 22408, 22722, 23038, 23357, 23679, 24003, 24329, 24659, 24991, 25325, 25662,
    26002, 26344, 26689, 27036, 27387, 27739, 28095, 28453, 28813, 29177, 29543, 29911, 30283, 30657, 31033,
    31413, 31795, 32180, 32567, 32957, 33350, 33746, 34144, 34545, 34949, 35355, 35765, 36177, 36591, 37009,
    37429, 37852, 38278, 38707, 39138, 39572, 40009, 40449, 40892, 41337, 41786, 42237, 42691, 43147, 43607,
    44069, 44534, 45003, 45474, 45947, 46424, 46904, 47386, 47871, 48360, 48851, 49345, 49842, 50342, 50844,
    51350, 51859, 52370, 52884, 53402, 53922, 54445, 54972, 55501, 56033, 56568, 57106, 57647, 58191, 58738,
    59288, 59841, 60397, 60956, 61518, 62083, 62651, 63222, 63796, 64373, 64953, 65536,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, in f64.
    fn exact(rgb: [u8; 3]) -> [f64; 3] {
        let [r, g, b] = rgb.map(|value| {
            let v = f64::from(value) / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        });
        let l = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b).cbrt();
        let m = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b).cbrt();
        let s = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b).cbrt();
        [
            0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
            1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
            0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s,
        ]
    }

    #[test]
    fn is_oklab_to_an_eighth_of_a_just_visible_step() {
        for (red, green) in (0..=255u8).step_by(5).flat_map(|r| (0..=255u8).step_by(5).map(move |g| (r, g))) {
            for blue in (0..=255u8).step_by(17) {
                let rgb = [red, green, blue];
                for (got, want) in oklab(rgb).into_iter().zip(exact(rgb)) {
                    // Near black the cube root is steep and a rounded cone answer shows.
                    let tolerance = if red.max(green).max(blue) < 10 { 0.01 } else { 0.0025 };
                    assert!((f64::from(got) / 4096.0 - want).abs() < tolerance, "{rgb:?}: {got} for {want}");
                }
            }
        }
    }

    #[test]
    fn greys_have_no_hue() {
        for value in 0..=255u8 {
            let [_, a, b] = oklab([value; 3]);
            assert_eq!((a, b), (0, 0), "{value}");
        }
        assert_eq!(oklab([0; 3]), [0; 3]);
        assert_eq!(oklab([255; 3]), [4096, 0, 0]);
    }

    #[test]
    fn cube_roots_are_rounded_down() {
        for root in 1..=4096u64 {
            assert_eq!(cube_root(root * root * root), root);
            assert_eq!(cube_root(root * root * root - 1), root - 1);
        }
    }
}
