//! Things people like to wear a picture of.

use super::Ink::{A, B, C, Dark, Light};
use super::{Motif, Pen, motif};

pub const MOTIFS: &[Motif] = &[
    motif("rocket", [0xe8e6e0, 0xd9403a, 0xf5b03c], rocket),
    motif("anchor", [0x2c4a7c, 0xc9a04c, 0x8fb0d0], anchor),
    motif("crown", [0xf2b93c, 0xd9403a, 0x3f7fc0], crown),
    motif("skateboard", [0xd9503c, 0x3a3a44, 0xf2c14e], skateboard),
    motif("sailing boat", [0xf3efe4, 0xc93a3a, 0x3f8fc0], sailing_boat),
    motif("ice cream", [0xf2a0b4, 0xd9a05a, 0x9adcc4], ice_cream),
    motif("coffee cup", [0x3f7f8c, 0xf3ead8, 0x8a5a3b], coffee_cup),
    motif("bicycle", [0xd9503c, 0x2f2f38, 0x4f9a8c], bicycle),
    motif("camera", [0x3a4050, 0xd9a05a, 0x8fc4e0], camera),
    motif("guitar", [0xd9843c, 0x6a3a24, 0xf0cf9a], guitar),
    motif("balloon", [0xe0524a, 0xf5c95c, 0x9a6a3c], balloon),
    motif("umbrella", [0x3f7fc0, 0xf5c33c, 0x8a5a34], umbrella),
];

fn rocket(pen: &mut Pen) {
    pen.turned(35.0, 50.0, 50.0, |pen| {
        pen.fill_mirrored(C, "M 50 78 L 61 78 C 62 90 56 96 50 104");
        pen.fill_mirrored(Light, "M 50 80 L 55 80 C 55 86 53 90 50 94");
        pen.fill_twice(B, "M 64 52 C 80 58 84 70 82 86 C 76 78 70 76 60 76 Z");
        pen.fill_mirrored(A, "M 50 -6 C 70 10 74 40 66 78 L 50 78");
        pen.fill_mirrored(B, "M 50 -6 C 60 2 64 12 67 22 L 50 22");
        pen.disc(Dark, 50.0, 41.0, 10.5);
        pen.disc(C, 50.0, 41.0, 7.0);
        pen.block(B, 33.0, 72.0, 34.0, 8.0, 2.0);
    });
}

fn anchor(pen: &mut Pen) {
    pen.line(A, 7.0, "M 50 26 L 50 90");
    pen.line(A, 7.0, "M 30 36 L 70 36");
    pen.line(A, 6.0, "M 50 5 C 62 5 62 24 50 24 C 38 24 38 5 50 5 Z");
    pen.line(A, 8.0, "M 10 62 C 14 84 32 90 50 92 C 68 90 86 84 90 62");
    pen.fill_twice(A, "M 90 50 L 100 72 L 78 70 Z");
    pen.line(B, 4.5, "M 62 14 C 84 22 60 40 44 46 C 26 54 34 66 54 66 C 74 66 76 80 62 86");
}

fn crown(pen: &mut Pen) {
    pen.fill_mirrored(A, "M 50 22 L 68 50 L 96 30 L 86 84 L 50 84");
    pen.block(A, 13.0, 78.0, 74.0, 14.0, 3.0);
    pen.line(Light, 3.0, "M 17 76 L 83 76");
    pen.disc(B, 50.0, 17.0, 7.5);
    pen.discs(C, 93.0, 26.0, 6.0);
    pen.fill_mirrored(B, "M 50 50 L 59 62 L 50 73");
    pen.discs(C, 73.0, 64.0, 5.0);
}

fn skateboard(pen: &mut Pen) {
    pen.turned(-24.0, 50.0, 50.0, |pen| {
        pen.line(A, 10.0, "M 4 37 C 9 46 13 48 20 48 L 80 48 C 87 48 91 46 96 37");
        pen.line(C, 3.0, "M 19 47 L 81 47");
        for x in [27.0, 73.0] {
            pen.block(B, x - 8.0, 52.0, 16.0, 8.0, 2.0);
            pen.disc(B, x, 65.0, 10.5);
            pen.disc(C, x, 65.0, 4.5);
        }
    });
}

fn sailing_boat(pen: &mut Pen) {
    pen.line(Dark, 4.0, "M 50 6 L 50 72");
    pen.fill(A, "M 54 8 C 74 26 84 44 88 62 L 54 62 Z");
    pen.fill(B, "M 46 18 C 34 34 24 48 16 62 L 46 62 Z");
    pen.fill(B, "M 6 68 L 94 68 C 90 80 82 86 74 86 L 26 86 C 18 86 10 80 6 68 Z");
    pen.line(
        C,
        5.5,
        "M 2 92 C 10 84 18 84 26 92 C 34 99 42 99 50 92 C 58 84 66 84 74 92 C 82 99 90 99 98 92",
    );
    pen.line(C, 4.0, "M 60 52 L 78 52");
}

fn ice_cream(pen: &mut Pen) {
    pen.fill(B, "M 27 50 L 73 50 L 50 99 Z");
    for data in ["M 33 56 L 56 84", "M 48 53 L 63 70", "M 67 56 L 44 84", "M 52 53 L 37 70"] {
        pen.line(Light, 2.2, data);
    }
    pen.disc(C, 50.0, 24.0, 20.0);
    pen.disc(A, 34.0, 42.0, 17.0);
    pen.disc(A, 66.0, 42.0, 17.0);
    pen.block(A, 22.0, 44.0, 56.0, 12.0, 6.0);
    pen.disc(Dark, 52.0, 5.5, 5.0);
    for data in
        ["M 42 20 L 46 16", "M 56 24 L 60 20", "M 30 38 L 33 34", "M 66 40 L 70 37", "M 50 32 L 54 34"]
    {
        pen.line(Light, 2.8, data);
    }
}

fn coffee_cup(pen: &mut Pen) {
    pen.line(A, 8.0, "M 74 46 C 98 44 96 76 70 74");
    pen.fill(A, "M 12 36 L 78 36 C 80 66 72 88 60 88 L 30 88 C 18 88 10 66 12 36 Z");
    pen.oval(B, 45.0, 36.0, 33.0, 7.5);
    pen.oval(C, 45.0, 37.0, 27.0, 5.0);
    pen.line(B, 4.0, "M 32 22 C 26 16 38 12 32 4");
    pen.line(B, 4.0, "M 46 22 C 40 16 52 12 46 4");
    pen.line(B, 4.0, "M 60 22 C 54 16 66 12 60 4");
    pen.placed(33.0, 52.0, 0.24, |pen| pen.fill_mirrored(B, "M 50 28 C 60 6 94 6 95 36 C 96 60 66 78 50 94"));
    pen.line(B, 5.0, "M 10 95 L 80 95");
}

fn bicycle(pen: &mut Pen) {
    for x in [23.0, 77.0] {
        pen.line(
            B,
            4.6,
            &format!(
                "M {x} 44 C {} 44 {} 84 {x} 84 C {} 84 {} 44 {x} 44 Z",
                x + 26.5,
                x + 26.5,
                x - 26.5,
                x - 26.5
            ),
        );
        pen.disc(B, x, 64.0, 3.5);
    }
    pen.line(A, 5.0, "M 23 64 L 38 36 L 68 36 L 48 64 Z");
    pen.line(A, 5.0, "M 38 36 L 48 64");
    pen.line(A, 5.0, "M 77 64 L 66 26 L 74 22 L 82 24");
    pen.line(A, 4.0, "M 38 36 L 36 28");
    pen.line(Dark, 6.0, "M 28 27 L 44 27");
    pen.disc(C, 48.0, 64.0, 5.5);
}

fn camera(pen: &mut Pen) {
    pen.block(A, 32.0, 14.0, 34.0, 20.0, 5.0);
    pen.block(B, 74.0, 20.0, 14.0, 10.0, 3.0);
    pen.block(A, 4.0, 26.0, 92.0, 62.0, 9.0);
    pen.block(B, 4.0, 38.0, 92.0, 34.0, 1.0);
    pen.disc(Light, 50.0, 57.0, 25.0);
    pen.disc(A, 50.0, 57.0, 21.0);
    pen.disc(C, 50.0, 57.0, 13.0);
    pen.disc(Light, 45.0, 52.0, 4.5);
    pen.disc(Light, 84.0, 33.0, 3.0);
}

fn guitar(pen: &mut Pen) {
    pen.turned(38.0, 50.0, 50.0, |pen| {
        pen.line(B, 7.0, "M 50 -6 L 50 60");
        pen.block(B, 43.0, -14.0, 14.0, 18.0, 3.0);
        pen.fill_mirrored(
            A,
            "M 50 42 C 56 40 66 38 69 46 C 71 52 66 56 68 62 \
            C 76 68 78 74 78 82 C 78 98 64 104 50 104",
        );
        pen.disc(Dark, 50.0, 67.0, 9.0);
        pen.line(C, 2.6, "M 50 -2 L 50 88");
        pen.block(B, 39.0, 84.0, 22.0, 6.0, 2.0);
    });
}

fn balloon(pen: &mut Pen) {
    pen.line_twice(Dark, 2.2, "M 62 64 L 57 80");
    pen.fill_mirrored(A, "M 50 2 C 76 2 92 20 90 40 C 88 56 70 62 62 70 L 50 70");
    pen.fill_mirrored(B, "M 50 2 C 60 6 66 22 66 40 C 66 54 60 62 57 70 L 50 70");
    pen.fill_mirrored(A, "M 50 2 C 53 8 55 22 55 40 C 55 54 54 62 52 70 L 50 70");
    pen.block(C, 39.0, 80.0, 22.0, 17.0, 4.0);
    pen.line(Light, 2.4, "M 41 86 L 59 86");
}

fn umbrella(pen: &mut Pen) {
    pen.line(C, 5.0, "M 50 10 L 50 84 C 50 96 66 96 66 84");
    pen.fill(
        A,
        "M 4 54 C 6 26 26 10 50 10 C 74 10 94 26 96 54 C 90 46 78 46 73 54 \
        C 68 46 56 46 50 54 C 44 46 32 46 27 54 C 22 46 10 46 4 54 Z",
    );
    pen.fill_mirrored(B, "M 50 10 C 64 18 72 34 73 54 C 68 46 56 46 50 54");
    pen.line(C, 4.5, "M 50 4 L 50 11");
}
