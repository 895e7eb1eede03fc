//! Long-sleeved tops: the long-sleeve tee and the sweatshirt.

use super::tees::{body, hem, neck_rib};
use super::{Cloth, Cutter, SeamKind};

/// A long-sleeve tee, with a crew or a shallow V neck.
pub fn long_sleeve(cutter: &mut Cutter, cut: usize) {
    let neckline = if cut == 0 { "M 0 150 C 26 150 42 134 47 110" } else { "M 0 176 C 12 160 34 138 47 110" };
    sleeves(cutter);
    body(cutter, neckline);
    hem(cutter);
    neck_rib(cutter, neckline);
    cutter.print_spots((280.0, 154.0), (58.0, 216.0, 58.0));
}

/// A sweatshirt: rib at the hem as well, and a triangle below the neck.
pub fn sweatshirt(cutter: &mut Cutter) {
    let neckline = "M 0 148 C 26 148 44 134 49 110";
    sleeves(cutter);
    body(cutter, neckline);
    neck_rib(cutter, neckline);
    rib_hem(cutter);
    cutter.seam(SeamKind::Stitch, "M 0 178 L 17 155");
    cutter.print_spots((288.0, 156.0), (58.0, 218.0, 58.0));
}

/// The ribbed hem that gathers a heavy knit.
pub(super) fn rib_hem(cutter: &mut Cutter) {
    cutter.trim(
        Cloth::Rib,
        0.97,
        "M 0 482 C 42 482 82 480 120 472 C 122 486 120 500 114 511 C 80 517 40 518 0 518",
    );
    cutter.seam(SeamKind::Join, "M 0 482 C 42 482 82 480 120 472");
    cutter.creases(&[
        [104.0, 410.0, 100.0, 478.0, 12.0],
        [78.0, 424.0, 72.0, 482.0, 12.0],
        [44.0, 430.0, 42.0, 484.0, 11.0],
    ]);
}

/// Long sleeves hanging beside the body, with cuffs.
pub(super) fn sleeves(cutter: &mut Cutter) {
    cutter.sleeves(
        -9.0,
        "M 108 130 L 126 136 C 152 143 167 158 173 184 C 186 250 200 350 210 446 \
         C 196 452 182 454 168 454 \
         C 154 384 136 310 112 247 C 100 210 98 160 108 130 Z",
    );
    cutter.trims(
        Cloth::Rib,
        0.96,
        -9.0,
        "M 209 443 C 212 454 212 464 210 475 C 198 480 186 482 174 481 \
         C 170 472 168 462 167 452 C 182 452 196 449 209 443 Z",
    );
    cutter.seams(SeamKind::Join, "M 167 452 C 182 452 196 449 209 443");
    cutter.creases(&[
        [130.0, 156.0, 150.0, 280.0, 15.0],
        [118.0, 238.0, 168.0, 250.0, 14.0],
        [122.0, 262.0, 176.0, 286.0, 13.0],
        [148.0, 330.0, 190.0, 322.0, 13.0],
        [152.0, 352.0, 194.0, 362.0, 12.0],
        [164.0, 300.0, 188.0, 440.0, 13.0],
        [166.0, 420.0, 202.0, 410.0, 11.0],
    ]);
}
