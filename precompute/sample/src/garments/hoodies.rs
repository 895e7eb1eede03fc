//! The hoodie: hood, strings, kangaroo pocket.

use super::knits::{rib_hem, sleeves};
use super::{Cloth, Cutter, SeamKind};

/// A pullover hoodie, hood up as on an invisible wearer.
pub fn hoodie(cutter: &mut Cutter) {
    sleeves(cutter);
    // The hood behind, and the dark inside of it.
    cutter.panel(Cloth::Main, 0.97, "M 0 30 C 36 30 72 48 80 88 C 86 116 78 144 62 164 L 0 190");
    cutter.panel(Cloth::Inside, 0.6, "M 0 52 C 30 52 54 70 56 100 C 58 130 40 158 14 178 L 0 186");
    cutter.panel(
        Cloth::Main,
        1.0,
        "M 0 184 C 22 178 46 162 56 113 L 126 136 C 113 165 107 206 114 248 \
         C 114 330 115 410 120 490 C 80 496 40 498 0 498",
    );
    // The two fronts of the hood, crossing below the chin.
    cutter.panels(
        Cloth::Main,
        1.02,
        14.0,
        "M 42 46 C 66 58 82 82 83 110 C 84 132 76 146 64 158 C 46 176 24 192 -4 198 \
         C -6 194 -6 190 -4 186 C 26 172 54 142 54 106 C 54 82 50 62 42 46 Z",
    );
    // The pocket; all-over prints go across it.
    let pocket = "M 0 376 L 50 376 C 58 396 70 414 88 426 L 90 476";
    cutter.panel(Cloth::Main, 1.01, &format!("{pocket} C 60 482 30 483 0 483"));
    rib_hem(cutter);
    cutter.bands(Cloth::Cord, 1.0, 4.6, "M 20 184 C 25 204 20 226 25 252");
    cutter.bands(Cloth::Cord, 0.8, 6.0, "M 25 250 L 26.5 262");

    cutter.seams(SeamKind::Join, "M 126 137 C 113 165 107 206 114 248");
    cutter.seams(SeamKind::Stitch, "M 48 58 C 60 78 64 102 58 124 C 48 154 26 174 2 188");
    cutter.seam(SeamKind::Join, pocket);
    cutter.seam(SeamKind::Stitch, "M 0 382 L 46 382");
    cutter.seams(SeamKind::Stitch, "M 46 382 C 54 402 66 420 83 431");
    cutter.print_spots((312.0, 106.0), (66.0, 238.0, 54.0));
    cutter.creases(&[
        [108.0, 254.0, 48.0, 296.0, 16.0],
        [110.0, 276.0, 66.0, 360.0, 17.0],
        [100.0, 330.0, 104.0, 470.0, 17.0],
        [70.0, 150.0, 90.0, 230.0, 14.0],
        [68.0, 70.0, 60.0, 150.0, 12.0],
        [30.0, 36.0, 62.0, 70.0, 12.0],
        [20.0, 400.0, 60.0, 470.0, 14.0],
    ]);
}
