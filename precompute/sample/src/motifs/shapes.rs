//! Signs, plants and weather: the classics of the printed tee.

use super::Ink::{A, B, C, Dark, Light};
use super::{Motif, Pen, motif};

pub const MOTIFS: &[Motif] = &[
    motif("star", [0xf5c33c, 0xe0912c, 0xfaf0c8], star),
    motif("heart", [0xdc3545, 0xa82238, 0xf5a0a8], heart),
    motif("lightning", [0xf8cf2c, 0xe89a1c, 0x2c2f55], lightning),
    motif("moon", [0xf3dc8a, 0xd9b85a, 0xf7f0d0], moon),
    motif("sun", [0xf7b52c, 0xf08a2c, 0xe2604a], sun),
    motif("mountain", [0x4f6f8c, 0x3a5a4c, 0xf0a84c], mountain),
    motif("wave", [0x2f7fb0, 0x8fcbe0, 0xf2a64c], wave),
    motif("cactus", [0x4f9a5c, 0xd98a5a, 0xe8608a], cactus),
    motif("mushroom", [0xd6403a, 0xf3e6cf, 0xe0cba8], mushroom),
    motif("flower", [0xf0a0b8, 0xf5c33c, 0x5fa05c], flower),
    motif("leaf", [0x4f9a5c, 0x2f6a42, 0xa8d08a], leaf),
    motif("tulip", [0xe8504f, 0xf08a7a, 0x4f9a5c], tulip),
    motif("palm tree", [0x3f9a66, 0x8a5a34, 0xf2b04c], palm_tree),
    motif("rainbow", [0xe0524a, 0xf5b83c, 0x4f9ac4], rainbow),
    motif("cloud", [0xa8cfe8, 0x5a9ac4, 0xf5c33c], cloud),
    motif("planet", [0xe89a5a, 0xf5d9a0, 0x8a6ac0], planet),
];

const STAR: &str = "M 50 3 L 62.5 34 L 96 37 L 70.5 58.5 L 78.5 91 L 50 73.5 L 21.5 91 \
    L 29.5 58.5 L 4 37 L 37.5 34 Z";

fn star(pen: &mut Pen) {
    pen.line(A, 5.0, STAR);
    pen.fill(A, STAR);
    for (tip, inner) in [
        ("96 37", "70.5 58.5"),
        ("78.5 91", "50 73.5"),
        ("21.5 91", "29.5 58.5"),
        ("4 37", "37.5 34"),
        ("50 3", "62.5 34"),
    ] {
        pen.fill(B, &format!("M 50 51 L {tip} L {inner} Z"));
    }
}

fn heart(pen: &mut Pen) {
    pen.fill_mirrored(A, "M 50 28 C 60 6 94 6 95 36 C 96 60 66 78 50 94");
    pen.fill(B, "M 50 94 C 66 78 96 60 95 36 C 95 30 93 25 91 21 C 92 54 64 66 38 82 C 42 86 46 90 50 94 Z");
    pen.line(C, 6.0, "M 17 40 C 16 32 20 25 27 23");
}

fn lightning(pen: &mut Pen) {
    pen.fill(C, "M 62 6 L 24 58 L 46 58 L 36 100 L 84 42 L 60 42 L 74 6 Z");
    pen.fill(A, "M 56 1 L 18 53 L 41 53 L 30 95 L 78 37 L 54 37 L 68 1 Z");
    pen.fill(B, "M 41 53 L 30 95 L 78 37 L 70 37 Z");
}

fn moon(pen: &mut Pen) {
    pen.fill(
        A,
        "M 62 6 C 34 4 12 24 12 52 C 12 80 36 98 60 95 C 72 94 82 88 88 79 \
        C 62 84 44 70 42 48 C 41 30 48 14 62 6 Z",
    );
    pen.disc(B, 28.0, 50.0, 6.0);
    pen.disc(B, 38.0, 74.0, 4.5);
    pen.disc(B, 34.0, 30.0, 3.5);
    pen.placed(62.0, 22.0, 0.32, |pen| pen.fill(A, STAR));
    pen.placed(60.0, 56.0, 0.18, |pen| pen.fill(A, STAR));
}

fn sun(pen: &mut Pen) {
    for ray in 0..12 {
        pen.turned(ray as f32 * 30.0, 50.0, 50.0, |pen| {
            pen.fill(if ray % 2 == 0 { A } else { B }, "M 42 24 L 58 24 L 50 2 Z");
        });
    }
    pen.disc(A, 50.0, 50.0, 27.0);
    pen.discs(Dark, 60.0, 46.0, 3.4);
    pen.line(Dark, 3.2, "M 39 56 C 43 64 57 64 61 56");
    pen.discs(C, 66.0, 56.0, 3.6);
}

fn mountain(pen: &mut Pen) {
    pen.disc(C, 70.0, 26.0, 15.0);
    pen.fill(B, "M 40 90 L 72 36 L 100 90 Z");
    pen.fill(Light, "M 72 36 L 82 55 L 76 52 L 72 58 L 66 52 L 61 55 Z");
    pen.fill(A, "M 0 90 L 38 18 L 76 90 Z");
    pen.fill(Light, "M 38 18 L 53 46 L 45 42 L 38 51 L 30 42 L 23 46 Z");
    pen.line(Dark, 4.0, "M 4 91 L 96 91");
}

fn wave(pen: &mut Pen) {
    pen.disc(C, 68.0, 26.0, 17.0);
    pen.fill(
        A,
        "M 2 92 C 2 40 28 14 58 22 C 74 27 80 42 72 52 C 72 42 62 36 54 42 \
        C 44 50 56 74 98 74 L 98 92 Z",
    );
    pen.line(B, 5.0, "M 14 84 C 14 52 28 28 52 27");
    pen.line(B, 5.0, "M 28 86 C 24 62 32 44 44 36");
    pen.line(B, 5.0, "M 44 87 C 38 74 38 66 40 60");
    pen.line(Light, 4.5, "M 30 26 C 42 16 66 18 74 34 C 76 40 75 46 72 52");
}

fn cactus(pen: &mut Pen) {
    pen.line(A, 13.0, "M 26 32 L 26 46 C 26 54 32 56 44 56");
    pen.line(A, 13.0, "M 76 24 L 76 38 C 76 46 70 48 58 48");
    pen.line(A, 22.0, "M 50 18 L 50 72");
    pen.line(Light, 2.2, "M 45 22 L 45 66");
    pen.line(Light, 2.2, "M 55 22 L 55 66");
    pen.fill(B, "M 26 68 L 74 68 L 68 96 L 32 96 Z");
    pen.block(B, 22.0, 64.0, 56.0, 11.0, 3.0);
    pen.line(Light, 3.0, "M 32 82 L 37 88 L 43 82 L 50 88 L 57 82 L 63 88 L 68 82");
    pen.disc(C, 50.0, 7.0, 5.5);
    pen.disc(C, 43.0, 10.0, 4.5);
    pen.disc(C, 57.0, 10.0, 4.5);
}

fn mushroom(pen: &mut Pen) {
    pen.fill_mirrored(B, "M 50 48 L 62 50 C 62 68 72 80 68 92 C 64 97 56 97 50 97");
    pen.fill_mirrored(C, "M 50 50 L 66 52 C 62 62 56 63 50 63");
    pen.fill_mirrored(A, "M 50 5 C 80 5 98 30 97 50 C 96 60 70 56 50 56");
    pen.disc(Light, 48.0, 23.0, 9.0);
    pen.disc(Light, 24.0, 38.0, 7.5);
    pen.disc(Light, 74.0, 34.0, 8.0);
    pen.disc(Light, 54.0, 45.0, 5.0);
    pen.disc(Light, 87.0, 48.0, 4.0);
}

fn flower(pen: &mut Pen) {
    pen.line(C, 5.0, "M 50 50 C 52 70 50 84 48 98");
    pen.fill(C, "M 50 86 C 54 70 68 64 82 68 C 80 82 66 90 50 86 Z");
    pen.fill(C, "M 49 92 C 44 78 32 72 20 76 C 22 88 34 96 49 92 Z");
    for petal in 0..6 {
        pen.turned(petal as f32 * 60.0, 50.0, 36.0, |pen| pen.oval(A, 50.0, 16.0, 11.5, 15.0));
    }
    pen.disc(B, 50.0, 36.0, 12.0);
}

fn leaf(pen: &mut Pen) {
    pen.fill(A, "M 14 88 C 4 44 34 10 92 8 C 98 60 64 98 14 88 Z");
    pen.fill(B, "M 14 88 C 36 62 60 38 92 8 C 98 60 64 98 14 88 Z");
    pen.line(C, 4.0, "M 4 98 C 28 70 52 46 78 22");
    for data in
        ["M 38 60 L 30 40", "M 38 60 L 62 64", "M 55 43 L 50 24", "M 55 43 L 78 46", "M 24 75 L 42 82"]
    {
        pen.line(C, 3.0, data);
    }
}

fn tulip(pen: &mut Pen) {
    pen.line(C, 5.5, "M 50 48 L 50 98");
    pen.fill_twice(C, "M 50 96 C 56 74 66 62 80 54 C 84 76 72 92 50 96 Z");
    pen.fill_twice(B, "M 50 56 C 58 34 66 18 78 6 C 88 36 80 56 50 60 Z");
    pen.fill_mirrored(A, "M 50 4 C 62 16 70 30 70 42 C 70 54 60 60 50 60");
}

fn palm_tree(pen: &mut Pen) {
    pen.disc(C, 66.0, 42.0, 25.0);
    pen.line(B, 7.0, "M 42 36 C 50 54 52 74 46 92");
    for (degrees, length) in
        [(-172.0, 1.0), (-130.0, 0.9), (-52.0, 0.9), (-10.0, 1.05), (26.0, 0.9), (150.0, 0.85)]
    {
        pen.turned(degrees, 42.0, 34.0, |pen| {
            pen.placed(42.0, 34.0, length, |pen| {
                pen.fill(A, "M 0 0 C 10 -14 28 -14 40 2 C 28 -3 12 2 0 0 Z");
                pen.fill(A, "M 0 3 C 10 -10 28 -12 40 4 C 26 3 12 8 0 3 Z");
            });
        });
    }
    pen.disc(B, 38.0, 40.0, 4.5);
    pen.disc(B, 47.0, 40.0, 4.5);
    pen.fill(B, "M 10 94 C 28 84 70 84 92 94 C 70 99 30 99 10 94 Z");
}

fn rainbow(pen: &mut Pen) {
    for (ink, radius) in [(A, 42.0), (B, 31.0), (C, 20.0)] {
        let (left, right, handle) = (50.0 - radius, 50.0 + radius, 66.0 - radius * 1.33);
        pen.line(
            ink,
            10.0,
            &format!("M {left} 70 L {left} 66 C {left} {handle} {right} {handle} {right} 66 L {right} 70"),
        );
    }
    for (x, y, radius) in [
        (10.0, 74.0, 9.0),
        (22.0, 70.0, 11.0),
        (33.0, 76.0, 8.0),
        (67.0, 76.0, 8.0),
        (78.0, 70.0, 11.0),
        (90.0, 74.0, 9.0),
    ] {
        pen.disc(Light, x, y, radius);
    }
}

fn cloud(pen: &mut Pen) {
    pen.disc(C, 70.0, 26.0, 19.0);
    pen.disc(A, 26.0, 56.0, 21.0);
    pen.disc(A, 50.0, 42.0, 26.0);
    pen.disc(A, 76.0, 54.0, 20.0);
    pen.block(A, 18.0, 52.0, 66.0, 24.0, 11.0);
    for data in ["M 30 84 L 26 95", "M 50 84 L 46 95", "M 70 84 L 66 95"] {
        pen.line(B, 5.0, data);
    }
    pen.discs(Dark, 61.0, 55.0, 3.4);
    pen.line(Dark, 3.0, "M 45 62 C 47 66 53 66 55 62");
}

fn planet(pen: &mut Pen) {
    pen.turned(-20.0, 50.0, 50.0, |pen| {
        pen.line(C, 7.0, "M 24 50 C 4 56 -2 62 6 64 C 20 68 80 60 96 48 C 100 42 90 40 76 44");
        pen.disc(A, 50.0, 50.0, 30.0);
        pen.fill(B, "M 24 36 C 40 44 62 40 76 34 C 78 38 79 41 80 45 C 62 52 36 52 21 44 Z");
        pen.fill(B, "M 28 70 C 44 74 60 72 74 67 C 70 72 66 75 62 77 C 50 81 36 78 28 70 Z");
        pen.line(C, 7.0, "M 6 64 C 20 68 80 60 96 48");
    });
    pen.placed(78.0, 2.0, 0.16, |pen| pen.fill(B, STAR));
    pen.placed(4.0, 14.0, 0.13, |pen| pen.fill(B, STAR));
}
