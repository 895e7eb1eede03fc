//! The tote bag.

use super::{Cloth, Cutter, SeamKind};

/// A shopping bag with two long handles, one of them behind.
pub fn tote(cutter: &mut Cutter) {
    cutter.band_below(Cloth::Main, 0.8, 17.0, "M 0 78 C 46 78 58 130 62 236");
    cutter.panel(Cloth::Inside, 0.74, "M 0 214 C 50 214 100 212 144 210 L 144 226 L 0 230");
    cutter.panel(
        Cloth::Main,
        1.0,
        "M 0 224 C 50 224 100 221 145 216 C 149 320 152 430 150 530 C 100 536 50 537 0 537",
    );
    cutter.band(Cloth::Main, 0.97, 17.0, "M 0 96 C 42 96 56 150 62 262");
    cutter.seam(SeamKind::Stitch, "M 0 247 C 50 247 100 244 146 239");
    cutter.seams(SeamKind::Stitch, "M 56 258 L 68 258");
    cutter.seams(SeamKind::Stitch, "M 56 230 L 68 258");
    cutter.seams(SeamKind::Stitch, "M 68 230 L 56 258");
    cutter.print_spots((390.0, 196.0), (76.0, 330.0, 64.0));
    cutter.creases(&[
        [62.0, 262.0, 40.0, 360.0, 18.0],
        [132.0, 236.0, 84.0, 320.0, 18.0],
        [136.0, 520.0, 70.0, 440.0, 20.0],
        [120.0, 300.0, 134.0, 500.0, 18.0],
        [20.0, 300.0, 30.0, 520.0, 20.0],
    ]);
}
