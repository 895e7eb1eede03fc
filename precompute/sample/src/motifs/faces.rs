//! Faces of people who never were.

use super::Ink::{A, B, C, Dark, Light};
use super::{Motif, Pen, motif};

pub const MOTIFS: &[Motif] = &[
    motif("smiley", [0xf8d33c, 0xe8a82c, 0xe2604a], smiley),
    motif("sunglasses", [0xf8d33c, 0xe0493e, 0xe2604a], sunglasses),
    motif("wink", [0xf6b83c, 0xe8705a, 0xe2604a], wink),
    motif("robot", [0x6fa8c0, 0xd5e3e8, 0xe8604a], robot),
    motif("skull", [0xf4efe2, 0xd5ccb8, 0xb9ae98], skull),
    motif("alien", [0x8fd45a, 0xc9f09a, 0x4f9a3a], alien),
    motif("ghost", [0xf4f2f8, 0xc9c4dc, 0xf0a0a8], ghost),
    motif("monster", [0x8a5ac0, 0xc9a0e8, 0xf2c14e], monster),
];

fn smiley(pen: &mut Pen) {
    pen.disc(A, 50.0, 50.0, 46.0);
    pen.oval(Dark, 35.0, 39.0, 5.5, 9.0);
    pen.oval(Dark, 65.0, 39.0, 5.5, 9.0);
    pen.line(Dark, 5.0, "M 22 58 C 28 84 72 84 78 58");
}

fn sunglasses(pen: &mut Pen) {
    pen.disc(A, 50.0, 50.0, 46.0);
    pen.line(Dark, 5.0, "M 5 36 L 95 36");
    pen.fill_twice(Dark, "M 53 33 L 92 33 C 92 52 86 59 74 59 C 60 59 55 50 53 33 Z");
    pen.fill_twice(B, "M 60 38 L 70 38 L 64 50 C 61 46 60 42 60 38 Z");
    pen.fill(Light, "M 28 66 L 74 66 C 70 84 34 86 28 66 Z");
    pen.line(Dark, 4.0, "M 27 66 L 75 66 C 70 86 34 88 27 66 Z");
}

fn wink(pen: &mut Pen) {
    pen.disc(A, 50.0, 50.0, 46.0);
    pen.oval(Dark, 34.0, 40.0, 6.0, 9.0);
    pen.line(Dark, 5.5, "M 56 42 C 60 34 72 34 77 42");
    pen.fill(Dark, "M 24 58 L 76 58 C 74 82 62 86 50 86 C 38 86 26 82 24 58 Z");
    pen.fill(B, "M 44 72 C 50 66 62 66 66 74 C 64 90 62 96 55 96 C 48 96 44 88 44 72 Z");
}

fn robot(pen: &mut Pen) {
    pen.line(B, 4.0, "M 50 24 L 50 10");
    pen.disc(C, 50.0, 9.0, 7.0);
    pen.block(C, 2.0, 46.0, 14.0, 24.0, 5.0);
    pen.block(C, 84.0, 46.0, 14.0, 24.0, 5.0);
    pen.block(A, 11.0, 22.0, 78.0, 72.0, 14.0);
    pen.block(B, 19.0, 32.0, 62.0, 28.0, 12.0);
    pen.discs(Dark, 65.0, 46.0, 8.5);
    pen.discs(Light, 67.5, 43.5, 3.0);
    pen.block(Dark, 26.0, 69.0, 48.0, 15.0, 4.0);
    for x in [32.0, 45.0, 58.0] {
        pen.block(Light, x, 72.0, 9.0, 9.0, 1.5);
    }
}

fn skull(pen: &mut Pen) {
    pen.fill_mirrored(
        A,
        "M 50 5 C 80 5 94 26 92 48 C 91 60 86 66 78 70 C 75 74 76 80 74 88 C 72 93 66 94 50 94",
    );
    pen.fill_twice(Dark, "M 58 44 C 66 36 82 40 82 52 C 82 64 70 66 64 62 C 58 58 55 50 58 44 Z");
    pen.fill_mirrored(Dark, "M 50 60 C 53 62 57 68 56 72 C 54 74 52 72 50 71");
    for x in [38.0, 50.0, 62.0] {
        pen.line(Dark, 3.2, &format!("M {x} 82 L {x} 93"));
    }
    pen.line(B, 3.5, "M 20 30 C 24 20 32 15 40 13");
}

fn alien(pen: &mut Pen) {
    pen.fill_mirrored(A, "M 50 3 C 82 3 94 26 90 46 C 86 70 64 97 50 97");
    pen.fill_twice(Dark, "M 56 62 C 54 48 66 38 84 40 C 86 56 74 68 60 67 C 58 66 56 65 56 62 Z");
    pen.fill_twice(Light, "M 72 46 C 76 44 79 44 81 45 C 80 49 78 52 75 53 Z");
    pen.discs(C, 53.5, 75.0, 1.8);
    pen.line_twice(Dark, 3.0, "M 50 86 C 54 86 57 85 59 83");
    pen.oval(B, 38.0, 20.0, 9.0, 5.0);
}

fn ghost(pen: &mut Pen) {
    pen.fill(
        A,
        "M 14 92 L 14 48 C 14 20 30 5 50 5 C 70 5 86 20 86 48 L 86 92 C 80 97 76 92 74 88 \
         C 70 84 66 84 62 90 C 58 96 54 96 50 90 C 46 84 42 84 38 90 C 34 96 30 96 26 90 \
         C 22 86 18 98 14 92 Z",
    );
    pen.oval(Dark, 37.0, 42.0, 6.0, 9.0);
    pen.oval(Dark, 63.0, 42.0, 6.0, 9.0);
    pen.oval(Dark, 50.0, 63.0, 6.5, 8.0);
    pen.discs(C, 73.0, 56.0, 5.5);
    pen.line(B, 4.0, "M 24 40 C 24 28 30 20 38 16");
}

fn monster(pen: &mut Pen) {
    pen.fill_twice(C, "M 66 22 C 74 20 80 12 80 3 C 92 8 94 24 82 34 Z");
    pen.fill(
        A,
        "M 10 94 L 12 50 C 14 26 30 14 50 14 C 70 14 86 26 88 50 L 90 94 L 80 87 L 70 95 L 60 87 \
         L 50 95 L 40 87 L 30 95 L 20 87 Z",
    );
    pen.disc(Light, 50.0, 42.0, 17.0);
    pen.disc(Dark, 50.0, 43.0, 9.0);
    pen.disc(Light, 53.0, 39.0, 3.0);
    pen.fill(Dark, "M 26 65 L 74 65 C 72 82 28 82 26 65 Z");
    pen.fill_twice(Light, "M 60 65 L 70 65 L 65 74 Z");
    pen.disc(B, 22.0, 52.0, 4.0);
    pen.disc(B, 79.0, 54.0, 5.0);
    pen.disc(B, 24.0, 80.0, 3.5);
}
