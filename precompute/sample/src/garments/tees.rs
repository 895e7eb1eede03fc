//! Tees, tank tops and polo shirts.

use super::{Cloth, Cutter, SeamKind};

/// A short-sleeved tee: crew neck, V neck or boxy scoop neck.
pub fn tee(cutter: &mut Cutter, cut: usize) {
    let neckline = match cut {
        0 => "M 0 150 C 26 150 42 134 47 110",
        1 => "M 0 184 C 12 164 34 140 47 110",
        _ => "M 0 172 C 32 172 46 146 50 110",
    };
    short_sleeves(cutter);
    body(cutter, neckline);
    hem(cutter);
    neck_rib(cutter, neckline);
    cutter.print_spots((280.0, 158.0), (58.0, 216.0, 58.0));
}

/// Back of the neck and body; `neckline` is the right half of the front's.
pub(super) fn body(cutter: &mut Cutter, neckline: &str) {
    cutter.panel(Cloth::Inside, 0.74, "M 0 116 C 24 116 38 114 46 110 L 48 130 L 40 190 L 0 204");
    cutter.band_below(Cloth::Rib, 0.82, 11.0, "M 0 122 C 22 122 34 120 43 115");
    cutter.panel(Cloth::Label, 1.0, "M 0 129 L 11 129 L 11 140 L 0 140");
    cutter.panel(
        Cloth::Main,
        1.0,
        &format!(
            "{neckline} L 126 136 C 113 164 107 204 114 246 C 112 330 113 420 119 497 \
             C 80 504 40 506 0 506"
        ),
    );
    cutter.seams(SeamKind::Join, "M 126 136 C 113 164 107 204 114 246");
    cutter.seams(SeamKind::Join, "M 53 112 L 126 136");
    cutter.creases(&[
        [108.0, 244.0, 44.0, 290.0, 15.0],
        [110.0, 262.0, 70.0, 356.0, 16.0],
        [112.0, 300.0, 36.0, 372.0, 13.0],
        [88.0, 330.0, 100.0, 480.0, 17.0],
        [48.0, 380.0, 58.0, 496.0, 16.0],
        [16.0, 330.0, 12.0, 480.0, 14.0],
        [60.0, 140.0, 84.0, 220.0, 13.0],
    ]);
}

/// The rib around the front of the neck.
pub(super) fn neck_rib(cutter: &mut Cutter, neckline: &str) {
    cutter.band(Cloth::Rib, 0.98, 12.0, neckline);
}

/// The stitched hem of a light knit.
pub(super) fn hem(cutter: &mut Cutter) {
    cutter.seam(SeamKind::Stitch, "M 0 495 C 40 495 80 493 118.5 486");
}

fn short_sleeves(cutter: &mut Cutter) {
    cutter.sleeves(
        -28.0,
        "M 108 130 L 126 136 C 152 144 168 158 178 178 L 215 256 C 202 270 180 282 156 288 \
         L 112 247 C 100 210 98 160 108 130 Z",
    );
    cutter.seams(SeamKind::Stitch, "M 210.5 247 C 197 261 175 273 149 281");
    cutter.creases(&[
        [132.0, 156.0, 168.0, 278.0, 14.0],
        [154.0, 160.0, 196.0, 262.0, 14.0],
        [116.0, 236.0, 176.0, 232.0, 13.0],
        [120.0, 220.0, 156.0, 196.0, 12.0],
    ]);
}

/// A tank top: a deep scoop, or a racer cut with narrower straps.
pub fn tank(cutter: &mut Cutter, cut: usize) {
    let (neckline, armhole_top, armhole) = if cut == 0 {
        ("M 0 196 C 38 196 48 158 52 108", "88 112", "C 86 178 94 226 117 250")
    } else {
        ("M 0 178 C 36 178 52 146 58 110", "84 114", "C 72 176 82 232 117 256")
    };
    cutter.panel(
        Cloth::Inside,
        0.72,
        "M 0 160 C 36 160 48 132 54 108 L 84 110 C 80 170 84 220 100 246 L 0 250",
    );
    cutter.band_below(Cloth::Rib, 0.78, 8.0, "M 0 160 C 36 160 48 132 54 108");
    cutter.panel(
        Cloth::Main,
        1.0,
        &format!("{neckline} L {armhole_top} {armhole} C 113 330 116 420 123 500 C 82 507 40 509 0 509"),
    );
    cutter.band(Cloth::Rib, 0.97, 8.0, neckline);
    cutter.bands(Cloth::Rib, 0.95, 8.0, &format!("M {armhole_top} {armhole}"));
    cutter.seam(SeamKind::Stitch, "M 0 499 C 40 499 80 497 122 490");
    cutter.print_spots((302.0, 150.0), (56.0, 264.0, 54.0));
    cutter.creases(&[
        [112.0, 256.0, 50.0, 312.0, 15.0],
        [112.0, 280.0, 74.0, 380.0, 16.0],
        [90.0, 330.0, 104.0, 490.0, 18.0],
        [50.0, 370.0, 58.0, 500.0, 17.0],
        [14.0, 360.0, 20.0, 490.0, 15.0],
        [64.0, 150.0, 78.0, 250.0, 12.0],
    ]);
}

/// A polo shirt: a tee with a collar, a placket and buttons.
pub fn polo(cutter: &mut Cutter) {
    short_sleeves(cutter);
    body(cutter, "M 0 148 C 18 146 36 130 47 110");
    hem(cutter);
    cutter.trim(Cloth::Main, 0.99, "M 0 146 L 12 146 L 12 236 L 0 236");
    cutter.seam(SeamKind::Join, "M 0 236 L 12 236 L 12 160");
    cutter.seam(SeamKind::Stitch, "M 0 230 L 8 230 L 8 166");
    cutter.trims(
        Cloth::Rib,
        1.0,
        0.0,
        "M 38 107 C 42 103 46 104 49 107 C 56 114 63 124 68 136 C 56 152 44 166 34 178 \
         C 24 164 14 154 2 148 C 18 142 32 126 38 107 Z",
    );
    for y in [168.0, 193.0, 218.0] {
        let (top, bottom) = (y - 4.2, y + 4.2);
        cutter.trim(
            Cloth::Cord,
            1.0,
            &format!(
                "M 0 {top} C 2.4 {top} 4.2 {} 4.2 {y} C 4.2 {} 2.4 {bottom} 0 {bottom}",
                y - 2.4,
                y + 2.4
            ),
        );
    }
    cutter.trims(
        Cloth::Rib,
        0.97,
        -28.0,
        "M 212 250 L 216 258 C 203 272 181 284 156 290 L 146 281 C 172 275 196 263 212 250 Z",
    );
    cutter.print_spots((322.0, 134.0), (62.0, 220.0, 56.0));
}
