//! Letters, words and numbers, from strokes: no font is needed, and none is shipped.

use super::Ink::{A, B};
use super::{BOX, Motif, Pen, motif};

pub const MOTIFS: &[Motif] = &[
    motif("letter A", [0xd9403a, 0x2c3a5e, 0xf5c33c], |pen| initial(pen, "A")),
    motif("letter B", [0x2f6fb0, 0xf5c33c, 0xd9403a], |pen| initial(pen, "B")),
    motif("letter R", [0x3f8f5c, 0x2c3a3e, 0xf5c33c], |pen| initial(pen, "R")),
    motif("letter Z", [0xf0a030, 0x3a2f4c, 0xd9403a], |pen| initial(pen, "Z")),
    motif("NYC", [0x26324f, 0xd9403a, 0xf5c33c], |pen| word(pen, "NYC")),
    motif("OCEAN", [0x1f6f8c, 0x8fcbe0, 0xf5c33c], |pen| word(pen, "OCEAN")),
    motif("HELLO", [0xd9503c, 0xf0a84c, 0x2c3a5e], |pen| word(pen, "HELLO")),
    motif("YES", [0x7a4fa0, 0xf0a0b8, 0xf5c33c], |pen| word(pen, "YES")),
    motif("number 07", [0x26324f, 0xd9a04c, 0xd9403a], |pen| number(pen, "07")),
    motif("number 23", [0xc9343a, 0x26262c, 0xf5c33c], |pen| number(pen, "23")),
    motif("number 98", [0x27603c, 0xe8b040, 0xd9403a], |pen| number(pen, "98")),
];

/// The strokes of a letter in a box 60 wide and 100 high.
fn strokes(letter: char) -> &'static [&'static str] {
    match letter {
        'A' => &["M 4 96 L 30 4 L 56 96", "M 14 66 L 46 66"],
        'B' => &["M 8 4 L 8 96 L 32 96 C 62 96 62 48 32 48 L 8 48", "M 8 4 L 30 4 C 56 4 56 48 30 48"],
        'C' => &["M 56 22 C 50 -2 6 -6 6 50 C 6 106 50 102 56 78"],
        'E' => &["M 54 4 L 8 4 L 8 96 L 54 96", "M 8 49 L 44 49"],
        'H' => &["M 8 4 L 8 96", "M 52 4 L 52 96", "M 8 50 L 52 50"],
        'L' => &["M 10 4 L 10 96 L 54 96"],
        'N' => &["M 8 96 L 8 4 L 52 96 L 52 4"],
        'O' | '0' => &["M 30 4 C -2 4 -2 96 30 96 C 62 96 62 4 30 4 Z"],
        'R' => &["M 8 96 L 8 4 L 32 4 C 60 4 60 52 32 52 L 8 52", "M 30 52 L 54 96"],
        'S' => &["M 53 18 C 44 -4 8 0 8 26 C 8 54 54 44 54 74 C 54 102 12 104 5 80"],
        'Y' => &["M 4 4 L 30 50 L 56 4", "M 30 50 L 30 96"],
        'Z' => &["M 6 4 L 54 4 L 6 96 L 54 96"],
        '2' => &["M 7 28 C 8 -4 54 -4 53 28 C 52 52 14 68 6 96 L 55 96"],
        '3' => &[
            "M 7 16 C 18 -6 52 2 50 26 C 49 42 36 47 24 47",
            "M 24 47 C 42 47 55 56 54 73 C 52 102 14 104 5 82",
        ],
        '7' => &["M 5 4 L 55 4 C 36 34 26 62 22 96"],
        '8' => &[
            "M 30 4 C 2 4 4 47 30 47 C 56 47 58 4 30 4 Z",
            "M 30 47 C -4 47 -4 96 30 96 C 64 96 64 47 30 47 Z",
        ],
        '9' => &["M 53 32 C 53 -6 7 -6 7 32 C 7 66 53 66 53 32 C 54 62 48 84 26 96"],
        other => unreachable!("no motif has the letter {other:?}"),
    }
}

/// Writes `text` from (`x`, `y`), each letter `height` high; returns where the text ends.
fn write(pen: &mut Pen, ink: super::Ink, text: &str, (x, y): (f32, f32), height: f32, weight: f32) {
    let scale = height / 100.0;
    for (index, letter) in text.chars().enumerate() {
        let left = x + index as f32 * advance(weight) * scale;
        pen.placed(left, y, scale, |pen| {
            for stroke in strokes(letter) {
                pen.line(ink, weight, stroke);
            }
        });
    }
}

/// From one letter to the next, for letters 100 high: the heavier, the more air they need.
fn advance(weight: f32) -> f32 {
    68.0 + weight
}

/// One big letter with a shadow, as on a college jersey.
fn initial(pen: &mut Pen, letter: &str) {
    write(pen, B, letter, (27.0, 16.0), 78.0, 24.0);
    write(pen, A, letter, (21.0, 10.0), 78.0, 24.0);
}

/// A word as wide as the box, ruled above and below.
fn word(pen: &mut Pen, text: &str) {
    let weight = if text.len() > 3 { 27.0 } else { 22.0 };
    let units = (text.len() as f32 - 1.0) * advance(weight) + 60.0 + weight;
    let height = (BOX / units * 100.0).min(50.0);
    let left = (BOX - (units - weight) * height / 100.0) / 2.0;
    let top = (BOX - height) / 2.0;
    write(pen, A, text, (left, top), height, weight);
    for y in [top - 0.34 * height, top + 1.34 * height] {
        pen.line(B, 0.11 * height, &format!("M 4 {y} L 96 {y}"));
    }
}

/// Two digits with a shadow.
fn number(pen: &mut Pen, digits: &str) {
    write(pen, B, digits, (12.5, 23.0), 58.0, 20.0);
    write(pen, A, digits, (8.5, 19.0), 58.0, 20.0);
}
