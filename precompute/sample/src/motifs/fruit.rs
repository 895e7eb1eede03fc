//! Fruit and a few other good things from the market.

use super::Ink::{A, B, C, Dark, Light};
use super::{Motif, Pen, motif};

pub const MOTIFS: &[Motif] = &[
    motif("apple", [0xd6352f, 0x5fa044, 0x7a4a2e], apple),
    motif("banana", [0xf5cc3c, 0xd9a02c, 0x6a4a2e], banana),
    motif("cherry", [0xc92a3c, 0x5fa044, 0x7a5a34], cherry),
    motif("strawberry", [0xe0393e, 0x5fa044, 0xfbe3a0], strawberry),
    motif("pineapple", [0xf2b632, 0x4f9a4c, 0xc07f22], pineapple),
    motif("watermelon", [0xe8505a, 0x3f9a56, 0xdff0c8], watermelon),
    motif("lemon", [0xf7d93c, 0x6aae4a, 0xfdf0a0], lemon),
    motif("pear", [0xb9c94a, 0x5f9444, 0x7a5230], pear),
    motif("orange", [0xf28a2c, 0x5fa044, 0xfcd9a0], orange),
    motif("avocado", [0x4f7a3a, 0xd9e08a, 0x8a5a34], avocado),
    motif("grapes", [0x7a4fa0, 0x5fa044, 0xb08ad0], grapes),
    motif("carrot", [0xf0822e, 0x5fa044, 0xc95f1c], carrot),
];

fn leaf(pen: &mut Pen, x: f32, y: f32, degrees: f32, length: f32) {
    pen.turned(degrees, x, y, |pen| {
        pen.placed(x, y, length / 30.0, |pen| {
            pen.fill(B, "M 0 0 C 6 -14 20 -16 30 -6 C 24 6 10 8 0 0 Z");
        });
    });
}

fn apple(pen: &mut Pen) {
    pen.line(C, 5.0, "M 50 32 C 50 22 52 14 56 8");
    leaf(pen, 54.0, 20.0, -14.0, 32.0);
    pen.fill_mirrored(A, "M 50 32 C 60 22 92 22 92 54 C 92 78 74 96 62 95 C 56 95 54 92 50 92");
    pen.line(Light, 5.0, "M 20 52 C 20 44 24 38 30 36");
}

fn banana(pen: &mut Pen) {
    pen.fill(
        A,
        "M 70 8 L 80 6 C 82 14 84 18 88 26 C 100 56 78 92 34 94 C 22 94 12 88 8 82 \
        C 8 78 10 76 14 75 C 44 78 66 58 70 28 C 71 20 71 14 70 8 Z",
    );
    pen.fill(B, "M 88 26 C 100 56 78 92 34 94 C 22 94 12 88 8 82 C 40 90 84 76 88 26 Z");
    pen.fill(C, "M 69 4 L 81 2 L 82 12 L 70 14 Z");
    pen.fill(C, "M 5 80 C 6 75 10 73 15 74 L 15 84 C 11 86 8 85 5 80 Z");
}

fn cherry(pen: &mut Pen) {
    pen.line(C, 4.0, "M 28 66 C 32 40 46 20 66 10");
    pen.line(C, 4.0, "M 72 70 C 74 46 72 26 66 10");
    leaf(pen, 64.0, 12.0, 4.0, 34.0);
    pen.disc(A, 28.0, 72.0, 22.0);
    pen.disc(A, 74.0, 76.0, 20.0);
    pen.line(Light, 4.0, "M 15 70 C 16 64 20 60 24 59");
    pen.line(Light, 4.0, "M 62 74 C 63 69 66 66 70 65");
}

fn strawberry(pen: &mut Pen) {
    pen.fill_mirrored(A, "M 50 26 C 74 18 92 30 88 50 C 84 72 64 90 50 97");
    for (x, y) in [
        (32.0, 44.0),
        (50.0, 46.0),
        (68.0, 44.0),
        (26.0, 56.0),
        (41.0, 59.0),
        (59.0, 59.0),
        (74.0, 56.0),
        (35.0, 72.0),
        (50.0, 74.0),
        (65.0, 72.0),
        (50.0, 87.0),
    ] {
        pen.oval(C, x, y, 2.3, 3.4);
    }
    pen.line(B, 4.5, "M 50 26 C 50 16 52 10 56 5");
    pen.fill_mirrored(
        B,
        "M 50 14 C 56 20 60 18 66 12 C 68 18 68 20 68 22 C 76 20 82 22 88 26 \
         C 80 34 74 36 66 34 C 62 38 54 40 50 42",
    );
}

fn pineapple(pen: &mut Pen) {
    pen.fill_twice(B, "M 50 40 C 56 28 66 18 80 18 C 80 30 70 38 56 42 Z");
    pen.fill_twice(B, "M 48 40 C 50 22 58 10 68 4 C 72 18 66 32 54 42 Z");
    pen.fill_mirrored(B, "M 50 0 C 58 12 58 30 52 42 L 50 42");
    pen.fill_mirrored(A, "M 50 37 C 72 37 80 50 80 66 C 80 86 68 98 50 98");
    for data in [
        "M 24 56 L 66 94",
        "M 34 43 L 77 82",
        "M 52 38 L 80 64",
        "M 76 56 L 34 94",
        "M 66 43 L 23 82",
        "M 48 38 L 20 64",
    ] {
        pen.line(C, 2.6, data);
    }
}

fn watermelon(pen: &mut Pen) {
    pen.fill(B, "M 2 34 L 98 34 C 98 68 76 92 50 92 C 24 92 2 68 2 34 Z");
    pen.fill(C, "M 8 34 L 92 34 C 92 64 73 85 50 85 C 27 85 8 64 8 34 Z");
    pen.fill(A, "M 13 34 L 87 34 C 87 60 71 80 50 80 C 29 80 13 60 13 34 Z");
    for (x, y) in [
        (27.0, 44.0),
        (42.0, 46.0),
        (58.0, 46.0),
        (73.0, 44.0),
        (35.0, 59.0),
        (50.0, 61.0),
        (65.0, 59.0),
        (50.0, 73.0),
    ] {
        pen.oval(Dark, x, y, 2.5, 4.0);
    }
}

fn lemon(pen: &mut Pen) {
    pen.turned(-28.0, 50.0, 50.0, |pen| {
        pen.fill(
            A,
            "M 2 54 C 6 50 10 50 13 46 C 20 28 34 22 50 22 C 66 22 80 28 87 46 C 90 50 94 50 98 54 \
             C 94 58 90 58 87 62 C 80 80 66 86 50 86 C 34 86 20 80 13 62 C 10 58 6 58 2 54 Z",
        );
        pen.line(C, 5.0, "M 26 42 C 32 33 42 30 50 30");
        for (x, y) in [(46.0, 50.0), (62.0, 46.0), (56.0, 64.0), (38.0, 66.0), (72.0, 60.0)] {
            pen.disc(C, x, y, 2.0);
        }
    });
    leaf(pen, 82.0, 26.0, -100.0, 30.0);
    leaf(pen, 82.0, 26.0, -160.0, 34.0);
}

fn pear(pen: &mut Pen) {
    pen.line(C, 5.0, "M 50 22 C 50 14 52 8 57 4");
    leaf(pen, 53.0, 14.0, -6.0, 30.0);
    pen.fill_mirrored(A, "M 50 18 C 64 18 66 30 68 42 C 70 52 84 58 84 74 C 84 90 68 97 50 97");
    pen.line(Light, 4.5, "M 26 76 C 26 68 30 62 34 58");
    pen.disc(C, 62.0, 70.0, 1.8);
    pen.disc(C, 70.0, 80.0, 1.8);
    pen.disc(C, 58.0, 84.0, 1.8);
}

fn orange(pen: &mut Pen) {
    pen.disc(A, 50.0, 56.0, 41.0);
    pen.disc(Light, 50.0, 56.0, 34.5);
    for sector in 0..8 {
        pen.turned(sector as f32 * 45.0, 50.0, 56.0, |pen| {
            pen.fill(A, "M 50 52 L 61.5 29 C 54 25 46 25 38.5 29 Z");
        });
    }
    pen.disc(C, 50.0, 56.0, 3.0);
    leaf(pen, 52.0, 15.0, -10.0, 32.0);
    leaf(pen, 50.0, 15.0, 190.0, 28.0);
}

fn avocado(pen: &mut Pen) {
    pen.fill_mirrored(A, "M 50 3 C 66 3 70 22 74 38 C 78 48 88 56 88 70 C 88 88 70 98 50 98");
    pen.fill_mirrored(B, "M 50 10 C 61 10 64 26 67 40 C 70 51 80 58 80 70 C 80 84 67 91 50 91");
    pen.disc(C, 50.0, 67.0, 17.0);
    pen.line(Light, 4.0, "M 39 65 C 40 60 43 57 47 56");
}

fn grapes(pen: &mut Pen) {
    pen.line(Dark, 4.0, "M 50 30 C 50 20 48 12 42 6");
    leaf(pen, 50.0, 20.0, -4.0, 38.0);
    let rows: [(f32, &[f32]); 4] = [
        (36.0, &[23.0, 41.0, 59.0, 77.0]),
        (52.0, &[32.0, 50.0, 68.0]),
        (68.0, &[41.0, 59.0]),
        (85.0, &[50.0]),
    ];
    for (y, row) in rows {
        for &x in row {
            pen.disc(A, x, y, 11.5);
            pen.disc(C, x - 3.0, y - 3.5, 3.6);
        }
    }
}

fn carrot(pen: &mut Pen) {
    pen.turned(32.0, 50.0, 50.0, |pen| {
        pen.line(B, 6.0, "M 50 30 C 50 20 50 10 50 2");
        pen.line_twice(B, 6.0, "M 51 30 C 54 18 60 10 66 6");
        pen.fill_mirrored(A, "M 50 24 C 66 22 72 30 70 40 C 66 64 58 86 50 100");
        pen.line(C, 3.0, "M 31 44 L 44 44");
        pen.line(C, 3.0, "M 58 56 L 66 56");
        pen.line(C, 3.0, "M 38 68 L 48 68");
    });
}
