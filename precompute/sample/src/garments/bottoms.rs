//! Skirts.

use super::{Cloth, Cutter, SeamKind};

/// A skirt: flared, or short and pleated.
pub fn skirt(cutter: &mut Cutter, cut: usize) {
    cutter.panel(Cloth::Inside, 0.7, "M 0 132 C 30 132 60 130 86 126 L 86 146 L 0 150");
    if cut == 0 {
        cutter.panel(Cloth::Main, 1.0, "M 0 150 L 88 146 C 104 240 146 372 178 470 C 124 492 60 498 0 498");
        cutter.seam(SeamKind::Stitch, "M 0 488 C 60 488 122 482 174.5 461");
        cutter.creases(&[
            [18.0, 176.0, 32.0, 480.0, 26.0],
            [46.0, 174.0, 92.0, 476.0, 28.0],
            [70.0, 172.0, 146.0, 456.0, 26.0],
            [6.0, 190.0, 4.0, 360.0, 18.0],
            [60.0, 172.0, 84.0, 300.0, 16.0],
        ]);
    } else {
        cutter.panel(
            Cloth::Main,
            1.0,
            "M 0 150 L 88 146 C 100 220 128 320 148 398 L 122 410 L 112 404 L 82 418 L 72 411 \
             L 38 422 L 28 415 L 0 424",
        );
        for line in ["M 14 172 L 28 415", "M 38 172 L 72 411", "M 62 171 L 112 404"] {
            cutter.seams(SeamKind::Join, line);
        }
        cutter.creases(&[
            [18.0, 176.0, 34.0, 416.0, 16.0],
            [42.0, 176.0, 78.0, 412.0, 16.0],
            [66.0, 176.0, 118.0, 404.0, 16.0],
            [80.0, 176.0, 138.0, 398.0, 14.0],
        ]);
    }
    cutter.trim(Cloth::Rib, 0.97, "M 0 142 C 30 142 60 140 87 136 L 91 168 C 60 172 30 174 0 174");
    cutter.seam(SeamKind::Join, "M 0 174 C 30 174 60 172 91 168");
    cutter.print_spots((310.0, 140.0), (84.0, 390.0, 48.0));
}
