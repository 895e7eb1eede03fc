//! Animals of the sea and its shores.

use super::Ink::{A, B, C, Dark, Light};
use super::{Motif, Pen, motif};

pub const MOTIFS: &[Motif] = &[
    motif("whale", [0x3a78b0, 0xcfe2ee, 0x7fc4e0], whale),
    motif("fish", [0xf08a3c, 0xfbd28a, 0xd95a3a], fish),
    motif("penguin", [0x2f3a55, 0xfaf6ee, 0xf2a63c], penguin),
    motif("octopus", [0xd9608a, 0xf3b0c4, 0x8a3a6a], octopus),
    motif("crab", [0xe0523c, 0xf3a088, 0x9c2f2a], crab),
    motif("turtle", [0x4f9a5c, 0xc7d98a, 0x7a5a34], turtle),
];

fn whale(pen: &mut Pen) {
    pen.line(C, 4.5, "M 36 30 C 36 20 30 14 22 16");
    pen.line(C, 4.5, "M 36 30 C 36 20 42 14 50 16");
    pen.fill(
        A,
        "M 4 60 C 4 42 20 34 38 35 C 58 36 66 56 78 56 C 84 54 84 46 80 38 C 74 36 68 30 68 22 \
         C 76 22 82 26 84 32 C 86 26 92 20 99 20 C 100 28 96 34 90 38 C 96 54 92 88 46 90 \
         C 18 90 4 78 4 60 Z",
    );
    pen.fill(B, "M 5 66 C 24 72 42 70 60 86 C 40 93 8 90 5 66 Z");
    pen.line(A, 2.2, "M 16 72 C 26 76 34 80 38 88");
    pen.line(A, 2.2, "M 28 71 C 38 75 46 80 50 87");
    pen.disc(Dark, 26.0, 56.0, 4.6);
    pen.disc(Light, 27.5, 54.5, 1.6);
    pen.line(Dark, 2.6, "M 5 64 C 10 67 14 67 18 65");
}

fn fish(pen: &mut Pen) {
    pen.fill(C, "M 66 50 C 80 36 90 28 97 26 C 92 42 92 58 97 74 C 90 72 80 64 66 50 Z");
    pen.fill(C, "M 32 28 C 40 14 56 12 66 20 L 60 36 Z");
    pen.fill(A, "M 3 52 C 12 28 36 20 52 26 C 66 32 76 44 80 50 C 74 60 64 72 50 77 C 32 82 12 72 3 52 Z");
    pen.fill(B, "M 40 24 C 46 24 50 25 53 27 C 60 42 60 62 52 76 C 48 78 44 78 40 78 C 48 62 48 40 40 24 Z");
    pen.fill(B, "M 62 33 C 66 36 68 38 70 40 C 73 48 72 56 69 62 C 66 66 64 67 62 69 C 66 58 66 46 62 33 Z");
    pen.disc(Light, 24.0, 45.0, 7.5);
    pen.disc(Dark, 23.0, 45.0, 4.2);
    pen.line(Dark, 2.8, "M 8 60 C 12 62 17 62 20 59");
    pen.disc(B, 8.0, 22.0, 3.6);
    pen.disc(B, 16.0, 12.0, 2.6);
}

fn penguin(pen: &mut Pen) {
    pen.oval(C, 38.0, 93.0, 12.0, 5.0);
    pen.oval(C, 62.0, 93.0, 12.0, 5.0);
    pen.fill_twice(A, "M 74 42 C 88 52 94 66 90 78 C 82 78 76 70 74 62 Z");
    pen.fill_mirrored(A, "M 50 5 C 70 5 76 22 77 38 C 86 62 84 92 50 93");
    pen.fill_mirrored(B, "M 50 26 C 58 14 70 22 68 36 C 66 42 70 48 72 60 C 74 80 66 89 50 89");
    pen.discs(Dark, 60.0, 31.0, 4.6);
    pen.discs(Light, 61.5, 29.5, 1.5);
    pen.fill_mirrored(C, "M 50 36 C 57 36 60 39 59 41 C 56 46 53 48 50 49");
}

fn octopus(pen: &mut Pen) {
    for data in ["M 30 62 C 26 78 14 82 6 74", "M 38 66 C 38 84 28 94 18 92", "M 46 68 C 48 84 44 94 38 96"] {
        pen.line_twice(A, 9.0, data);
    }
    pen.fill_mirrored(A, "M 50 6 C 76 6 86 24 84 42 C 82 58 76 64 76 72 L 50 74");
    pen.discs(B, 74.0, 56.0, 5.5);
    pen.discs(Light, 63.0, 44.0, 9.0);
    pen.discs(Dark, 62.0, 45.0, 5.0);
    pen.line_twice(Dark, 3.0, "M 50 62 C 54 62 57 60 58 57");
    pen.disc(B, 36.0, 20.0, 4.5);
    pen.disc(B, 46.0, 15.0, 3.0);
    pen.disc(B, 31.0, 30.0, 2.6);
}

fn crab(pen: &mut Pen) {
    pen.line_twice(A, 5.5, "M 76 68 C 86 68 92 74 94 82");
    pen.line_twice(A, 5.5, "M 72 76 C 80 78 84 84 84 92");
    pen.line_twice(A, 6.5, "M 78 56 C 88 52 90 46 88 38");
    pen.fill_twice(
        A,
        "M 86 40 C 74 36 72 18 82 10 C 82 18 86 22 88 22 C 90 18 92 14 92 10 \
        C 102 20 98 38 86 40 Z",
    );
    pen.line_twice(A, 4.5, "M 58 44 L 60 28");
    pen.fill_mirrored(A, "M 50 40 C 76 40 88 52 86 64 C 82 80 66 86 50 86");
    pen.discs(Light, 60.0, 26.0, 7.0);
    pen.discs(Dark, 60.0, 26.0, 4.0);
    pen.line_twice(C, 3.2, "M 50 72 C 56 72 62 70 65 65");
    pen.discs(B, 74.0, 62.0, 5.0);
}

fn turtle(pen: &mut Pen) {
    pen.fill(A, "M 20 66 C 14 78 14 88 22 90 C 30 90 36 84 38 74 Z");
    pen.fill(A, "M 54 74 C 56 86 62 92 70 90 C 76 86 72 76 68 68 Z");
    pen.fill(A, "M 66 60 C 72 50 70 34 82 30 C 94 28 100 40 96 50 C 92 60 82 62 76 72 Z");
    pen.fill(A, "M 12 66 C 6 70 2 76 2 80 C 10 80 16 76 18 72 Z");
    pen.fill(C, "M 8 68 C 8 40 26 24 44 24 C 62 24 78 42 78 68 C 60 78 26 78 8 68 Z");
    pen.fill(B, "M 36 32 L 52 32 L 58 46 L 44 54 L 30 46 Z");
    pen.fill(B, "M 14 62 C 14 54 18 48 24 44 L 38 58 L 34 70 C 26 70 20 68 14 66 Z");
    pen.fill(B, "M 72 62 C 72 54 70 48 64 44 L 50 58 L 54 70 C 62 70 66 68 72 66 Z");
    pen.disc(Dark, 84.0, 42.0, 4.2);
    pen.disc(Light, 85.5, 40.5, 1.4);
    pen.line(Dark, 2.6, "M 84 54 C 88 55 92 53 94 50");
}
