//! Animals of the land and the air.

use super::Ink::{A, B, C, Dark, Light};
use super::{Motif, Pen, motif};

pub const MOTIFS: &[Motif] = &[
    motif("cat", [0xe89a4a, 0xf7d9b0, 0xe58a8a], cat),
    motif("bear", [0x8a5a3b, 0xd9b48a, 0xc96f5a], bear),
    motif("dog", [0xd9a066, 0x7a4a2e, 0xe2737a], dog),
    motif("owl", [0x6f5a8c, 0xd9c7e8, 0xf0a83c], owl),
    motif("fox", [0xe2722e, 0xfaf0e0, 0x3a2a2a], fox),
    motif("rabbit", [0xe9dfd6, 0xf0b3b3, 0xe58a8a], rabbit),
    motif("panda", [0xf6f3ec, 0x2a2a2e, 0xe58a8a], panda),
    motif("elephant", [0x8fa3b8, 0xb9c8d6, 0xe9b4b4], elephant),
    motif("frog", [0x6fae4a, 0xcde59a, 0xe2737a], frog),
    motif("bird", [0x3f8fc4, 0xf2c14e, 0xe5762f], bird),
    motif("butterfly", [0xe8833a, 0xf5c95c, 0x3a2a3a], butterfly),
    motif("snail", [0xd98a4a, 0xf0cf9a, 0x8a4a2e], snail),
    motif("ladybird", [0xd63a34, 0x26242a, 0xfaf6ee], ladybird),
    motif("bee", [0xf3bf34, 0x2c2630, 0xcfe6f2], bee),
    motif("koala", [0x9aa2ad, 0xdfe3e8, 0x3a3a44], koala),
];

fn cat(pen: &mut Pen) {
    pen.fill_twice(A, "M 56 30 C 64 20 76 8 83 10 C 90 20 90 40 88 56 Z");
    pen.fill_twice(C, "M 68 28 C 72 22 77 18 80 18 C 84 26 84 36 83 42 Z");
    pen.fill_mirrored(A, "M 50 24 C 74 24 91 40 91 60 C 91 80 72 92 50 92");
    pen.oval(B, 50.0, 75.0, 19.0, 14.0);
    pen.discs(Dark, 68.0, 56.0, 6.0);
    pen.discs(Light, 70.0, 54.0, 2.0);
    pen.fill_mirrored(C, "M 50 66 C 56 65 58 67 57 69 C 55 73 52 75 50 75");
    pen.line_twice(Dark, 2.6, "M 50 74 C 51 81 58 83 62 79");
    pen.line_twice(Dark, 2.2, "M 74 70 L 94 65");
    pen.line_twice(Dark, 2.2, "M 74 75 L 93 78");
    pen.line(Dark, 3.5, "M 50 28 L 50 40");
    pen.line_twice(Dark, 3.5, "M 60 29 L 58 38");
}

fn bear(pen: &mut Pen) {
    pen.discs(A, 79.0, 25.0, 16.0);
    pen.discs(B, 79.0, 25.0, 8.5);
    pen.fill_mirrored(A, "M 50 15 C 76 15 92 34 92 56 C 92 80 74 93 50 93");
    pen.oval(B, 50.0, 69.0, 22.0, 18.0);
    pen.discs(Dark, 67.0, 48.0, 5.5);
    pen.discs(Light, 69.0, 46.0, 1.8);
    pen.oval(Dark, 50.0, 61.0, 9.0, 6.0);
    pen.line(Dark, 3.0, "M 50 64 L 50 73");
    pen.line_twice(Dark, 3.0, "M 50 73 C 52 79 60 79 62 75");
    pen.discs(C, 79.0, 63.0, 5.0);
}

fn dog(pen: &mut Pen) {
    pen.fill_mirrored(A, "M 50 14 C 70 14 82 26 83 48 C 84 76 70 92 50 92");
    pen.fill_twice(B, "M 66 16 C 82 10 98 24 97 50 C 97 70 88 74 83 66 C 76 54 80 34 66 16 Z");
    pen.fill(B, "M 28 30 C 34 26 44 28 46 38 C 47 50 40 56 34 55 C 26 53 22 38 28 30 Z");
    pen.oval(Light, 50.0, 70.0, 20.0, 16.0);
    pen.fill(C, "M 43 76 L 57 76 L 57 88 C 57 98 43 98 43 88 Z");
    pen.discs(Dark, 64.0, 45.0, 5.8);
    pen.discs(Light, 66.0, 43.0, 1.9);
    pen.oval(Dark, 50.0, 61.0, 10.0, 7.0);
    pen.line_twice(Dark, 3.2, "M 50 66 C 50 78 60 80 66 74");
}

fn owl(pen: &mut Pen) {
    pen.fill_mirrored(A, "M 50 20 C 62 20 74 16 84 6 C 88 16 86 26 86 34 C 92 60 84 92 50 94");
    pen.fill_mirrored(B, "M 50 50 C 70 50 74 64 70 76 C 66 86 58 89 50 89");
    for (x, y) in [(41.0, 66.0), (50.0, 66.0), (59.0, 66.0), (45.5, 74.0), (54.5, 74.0), (50.0, 82.0)] {
        pen.line(A, 2.6, &format!("M {} {y} Q {x} {} {} {y}", x - 3.5, y + 5.0, x + 3.5));
    }
    pen.discs(Light, 66.0, 38.0, 16.0);
    pen.discs(Dark, 64.0, 38.0, 8.5);
    pen.discs(Light, 67.0, 35.0, 3.0);
    pen.fill_mirrored(C, "M 50 42 C 55 43 57 46 56 48 L 50 58");
    pen.line_twice(C, 4.0, "M 58 95 L 66 95");
}

fn fox(pen: &mut Pen) {
    pen.fill_twice(A, "M 58 34 C 66 22 80 8 90 6 C 94 20 94 36 90 52 Z");
    pen.fill_twice(C, "M 74 28 C 78 20 83 16 87 14 C 89 24 88 32 86 40 Z");
    pen.fill_mirrored(A, "M 50 28 C 72 26 88 36 96 62 C 84 74 70 84 50 96");
    pen.fill_mirrored(B, "M 50 78 C 58 74 62 62 72 58 C 82 55 90 58 96 62 C 84 74 66 86 50 96");
    pen.discs(Dark, 68.0, 53.0, 5.4);
    pen.discs(Light, 70.0, 51.0, 1.8);
    pen.oval(Dark, 50.0, 92.0, 8.0, 5.5);
}

fn rabbit(pen: &mut Pen) {
    pen.fill_twice(A, "M 55 46 C 50 20 58 2 68 3 C 82 5 80 32 73 48 Z");
    pen.fill_twice(B, "M 61 40 C 58 22 62 11 67 11 C 74 13 72 30 69 42 Z");
    pen.fill_mirrored(A, "M 50 38 C 72 38 84 52 84 68 C 84 86 68 95 50 95");
    pen.discs(Dark, 65.0, 62.0, 5.0);
    pen.discs(Light, 66.5, 60.5, 1.7);
    pen.discs(B, 72.0, 75.0, 6.0);
    pen.fill_mirrored(C, "M 50 70 C 56 69 58 71 56 73 L 50 78");
    pen.line_twice(Dark, 2.4, "M 50 78 C 51 84 57 85 60 82");
    pen.fill_mirrored(Light, "M 50 84 L 55 84 L 54 92 L 50 92");
}

fn panda(pen: &mut Pen) {
    pen.discs(B, 80.0, 24.0, 16.0);
    pen.fill_mirrored(A, "M 50 14 C 78 14 94 34 94 56 C 94 80 76 93 50 93");
    pen.fill_twice(B, "M 60 44 C 66 36 80 42 82 54 C 84 66 76 70 70 67 C 62 63 56 52 60 44 Z");
    pen.discs(Light, 69.5, 53.0, 5.5);
    pen.discs(Dark, 69.0, 53.5, 3.4);
    pen.oval(B, 50.0, 69.0, 8.0, 5.5);
    pen.line(B, 2.8, "M 50 72 L 50 78");
    pen.line_twice(B, 2.8, "M 50 78 C 52 83 58 83 61 80");
    pen.discs(C, 84.0, 72.0, 4.5);
}

fn elephant(pen: &mut Pen) {
    pen.fill_twice(A, "M 64 22 C 84 10 100 24 98 46 C 96 66 84 74 72 66 Z");
    pen.fill_twice(C, "M 72 30 C 84 22 92 32 90 46 C 89 58 82 62 75 58 Z");
    pen.fill_mirrored(A, "M 50 14 C 70 14 78 28 77 44 C 76 60 66 66 62 70 L 50 70");
    pen.fill(
        A,
        "M 36 56 L 63 56 C 61 72 60 80 64 84 C 68 88 74 84 73 78 L 83 77 \
        C 85 92 74 98 62 96 C 46 94 40 76 36 56 Z",
    );
    pen.line(B, 2.6, "M 43 68 Q 50 71 58 68");
    pen.line(B, 2.6, "M 45 76 Q 52 79 58 76");
    pen.line(B, 2.6, "M 50 84 Q 56 86 60 82");
    pen.discs(Dark, 62.0, 42.0, 4.8);
    pen.discs(Light, 63.5, 40.5, 1.6);
    pen.fill(Light, "M 66 60 C 70 70 76 72 80 68 C 76 67 74 62 73 56 Z");
    pen.fill(Light, "M 34 60 C 30 70 24 72 20 68 C 24 67 26 62 27 56 Z");
}

fn frog(pen: &mut Pen) {
    pen.discs(A, 72.0, 28.0, 17.0);
    pen.fill_mirrored(A, "M 50 28 C 80 26 96 44 96 62 C 96 82 74 90 50 90");
    pen.fill_mirrored(B, "M 50 62 C 70 62 82 66 88 70 C 82 84 68 90 50 90");
    pen.discs(Light, 72.0, 28.0, 11.5);
    pen.discs(Dark, 71.0, 29.0, 6.5);
    pen.discs(Dark, 55.0, 50.0, 1.8);
    pen.line_twice(Dark, 3.4, "M 50 72 C 66 72 78 66 84 58");
    pen.discs(C, 82.0, 52.0, 5.5);
}

fn bird(pen: &mut Pen) {
    pen.line(C, 4.0, "M 46 78 L 44 94 L 36 94");
    pen.line(C, 4.0, "M 58 78 L 58 94 L 50 94");
    pen.fill(A, "M 62 60 L 97 44 L 95 62 L 98 72 L 66 76 Z");
    pen.fill(A, "M 12 38 C 12 18 28 8 42 10 C 58 12 62 28 70 44 C 82 66 66 84 46 83 C 22 82 10 62 12 38 Z");
    pen.fill(B, "M 14 48 C 26 46 40 56 44 82 C 24 80 12 66 14 48 Z");
    pen.fill(C, "M 15 28 L 1 36 L 14 42 Z");
    pen.fill(Dark, "M 42 46 C 56 42 72 50 76 68 C 60 72 44 66 42 46 Z");
    pen.disc(Light, 31.0, 29.0, 6.5);
    pen.disc(Dark, 30.0, 29.0, 3.8);
}

fn butterfly(pen: &mut Pen) {
    pen.line_twice(C, 2.6, "M 51 26 C 53 14 60 8 66 10");
    pen.discs(C, 66.5, 10.0, 3.0);
    pen.fill_twice(A, "M 52 46 C 56 24 76 8 92 14 C 100 28 92 52 72 56 C 62 57 54 54 52 46 Z");
    pen.fill_twice(A, "M 52 56 C 64 52 84 58 86 72 C 86 86 72 94 64 86 C 56 78 53 66 52 56 Z");
    pen.fill_twice(B, "M 62 44 C 66 30 78 20 87 22 C 90 34 84 45 72 48 C 67 49 63 48 62 44 Z");
    pen.discs(B, 71.0, 73.0, 8.0);
    pen.discs(Light, 85.0, 28.0, 3.4);
    pen.discs(C, 71.0, 73.0, 3.4);
    pen.fill_mirrored(C, "M 50 24 C 56 24 56 32 54 38 C 56 56 54 78 50 84");
}

fn snail(pen: &mut Pen) {
    pen.line(B, 4.0, "M 18 50 L 10 34");
    pen.line(B, 4.0, "M 24 50 L 24 32");
    pen.disc(Dark, 10.0, 33.0, 4.2);
    pen.disc(Dark, 24.0, 31.0, 4.2);
    pen.fill(
        B,
        "M 10 58 C 10 44 32 42 32 60 C 32 70 40 74 60 74 C 80 74 92 78 98 88 \
        C 98 91 94 91 90 91 L 30 91 C 14 91 10 76 10 58 Z",
    );
    pen.disc(A, 62.0, 50.0, 31.0);
    pen.line(
        C,
        5.0,
        "M 62 52 C 66 46 58 41 53 46 C 46 54 54 66 66 64 C 80 62 82 42 70 34 C 58 26 42 34 40 50",
    );
    pen.line(Dark, 2.6, "M 14 66 Q 18 71 24 68");
}

fn ladybird(pen: &mut Pen) {
    pen.line_twice(B, 4.0, "M 80 44 L 95 36");
    pen.line_twice(B, 4.0, "M 84 60 L 98 62");
    pen.line_twice(B, 4.0, "M 78 76 L 92 86");
    pen.line_twice(B, 3.0, "M 56 14 C 58 6 64 3 68 4");
    pen.oval(B, 50.0, 24.0, 22.0, 16.0);
    pen.fill_mirrored(A, "M 50 26 C 76 26 88 44 88 60 C 88 82 68 95 50 95");
    pen.line(B, 4.0, "M 50 28 L 50 93");
    pen.discs(B, 66.0, 46.0, 7.0);
    pen.discs(B, 74.0, 64.0, 6.0);
    pen.discs(B, 61.0, 76.0, 6.5);
    pen.discs(C, 60.0, 19.0, 4.0);
}

fn bee(pen: &mut Pen) {
    pen.turned(-24.0, 46.0, 36.0, |pen| pen.oval(C, 44.0, 24.0, 13.0, 22.0));
    pen.turned(22.0, 60.0, 36.0, |pen| pen.oval(C, 64.0, 24.0, 13.0, 22.0));
    pen.fill(B, "M 90 56 L 99 62 L 90 68 Z");
    pen.oval(A, 54.0, 62.0, 40.0, 28.0);
    pen.fill(B, "M 44 35 L 56 34 C 60 50 60 74 56 90 L 44 89 C 48 74 48 50 44 35 Z");
    pen.fill(B, "M 68 36 L 78 40 C 82 54 82 70 78 84 L 68 88 C 72 74 72 52 68 36 Z");
    pen.line(B, 3.0, "M 24 42 C 20 32 14 30 10 32");
    pen.line(B, 3.0, "M 32 38 C 30 28 26 24 21 24");
    pen.disc(Dark, 28.0, 58.0, 4.6);
    pen.line(Dark, 2.8, "M 21 70 Q 27 77 34 72");
}

fn koala(pen: &mut Pen) {
    pen.discs(A, 82.0, 34.0, 18.0);
    pen.discs(B, 82.0, 36.0, 10.0);
    pen.fill_mirrored(A, "M 50 16 C 74 16 86 34 86 54 C 86 78 72 90 50 90");
    pen.discs(Dark, 67.0, 50.0, 5.0);
    pen.discs(Light, 68.5, 48.5, 1.7);
    pen.fill_mirrored(C, "M 50 44 C 58 44 60 56 59 64 C 58 72 54 74 50 74");
    pen.line_twice(Dark, 2.6, "M 50 80 C 54 83 58 82 61 79");
    pen.fill_mirrored(B, "M 50 16 C 55 16 58 18 60 20 C 56 24 54 22 50 28");
}
