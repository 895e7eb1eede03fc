//! Dresses.

use super::{Cloth, Cutter, SeamKind};

// The right edge from the neck to the middle of the hem.
const FLARED: &str = "L 100 92 C 91 114 88 142 92 172 C 86 210 80 234 78 256 C 94 350 136 470 164 544 \
                      C 110 564 52 568 0 568";
const SLEEVELESS: &str = "L 78 82 C 72 114 74 146 90 170 C 86 206 80 234 78 256 \
                          C 92 350 130 470 158 546 C 106 564 50 568 0 568";
const STRAIGHT: &str = "L 104 94 C 95 118 92 146 96 180 C 95 250 100 330 106 400 \
                        C 110 450 114 500 116 544 C 80 554 40 556 0 556";

/// Whether a cut has a waist; the straight one has none.
pub fn has_waist(cut: usize) -> bool {
    cut < 2
}

/// A dress to the knee: with short sleeves, sleeveless with a waist, or a straight tee dress.
pub fn dress(cutter: &mut Cutter, cut: usize) {
    let neckline = "M 0 110 C 24 110 38 96 43 72";
    if cut != 1 {
        short_sleeves(cutter);
    }
    cutter.panel(Cloth::Inside, 0.72, "M 0 76 C 20 76 34 75 42 72 L 44 110 L 36 142 L 0 150");
    cutter.band_below(Cloth::Inside, 0.84, 8.0, "M 0 81 C 18 81 30 80 39 76");
    cutter.panel(Cloth::Label, 1.0, "M 0 86 L 9 86 L 9 95 L 0 95");
    match cut {
        0 => body(cutter, neckline, FLARED),
        1 => {
            body(cutter, "M 0 122 C 30 122 42 104 48 74", SLEEVELESS);
            cutter.bands(Cloth::Rib, 0.96, 6.0, "M 78 82 C 72 114 74 146 89 168.5");
        }
        _ => body(cutter, neckline, STRAIGHT),
    }
    if has_waist(cut) {
        cutter.trim(Cloth::Rib, 0.97, "M 0 250 C 28 250 54 248 79 244 L 78.5 262 C 54 266 28 268 0 268");
        cutter.creases(&[
            [20.0, 274.0, 34.0, 540.0, 24.0],
            [44.0, 272.0, 84.0, 540.0, 26.0],
            [66.0, 270.0, 128.0, 520.0, 24.0],
            [8.0, 280.0, 8.0, 420.0, 16.0],
            [56.0, 268.0, 70.0, 360.0, 14.0],
            [70.0, 190.0, 40.0, 240.0, 12.0],
            [76.0, 216.0, 56.0, 246.0, 10.0],
        ]);
        cutter.print_spots((186.0, 92.0), (46.0, 152.0, 44.0));
    } else {
        cutter.creases(&[
            [92.0, 190.0, 40.0, 240.0, 15.0],
            [94.0, 220.0, 60.0, 330.0, 16.0],
            [84.0, 300.0, 100.0, 530.0, 22.0],
            [40.0, 330.0, 56.0, 540.0, 22.0],
            [8.0, 300.0, 14.0, 500.0, 18.0],
        ]);
        cutter.print_spots((226.0, 128.0), (48.0, 166.0, 50.0));
    }
}

fn body(cutter: &mut Cutter, neckline: &str, side: &str) {
    cutter.panel(Cloth::Main, 1.0, &format!("{neckline} {side}"));
    cutter.band(Cloth::Rib, 0.97, 7.0, neckline);
}

fn short_sleeves(cutter: &mut Cutter) {
    cutter.sleeves(
        -30.0,
        "M 88 88 L 102 93 C 122 99 134 112 142 130 L 164 180 C 152 192 136 200 120 204 \
         L 90 174 C 82 144 82 112 88 88 Z",
    );
    cutter.seams(SeamKind::Join, "M 103 94 C 94 116 90 144 94 176");
    cutter.seams(SeamKind::Stitch, "M 160.5 172 C 148 184 132 192 113 197");
    cutter.creases(&[[108.0, 110.0, 132.0, 194.0, 12.0], [122.0, 112.0, 150.0, 184.0, 11.0]]);
}
