//! Prints: which motif, in which inks, where on the garment; and putting them there.

use tiny_skia::{FillRule, Mask, Paint, PathBuilder, Pixmap, Point, Shader, Transform};

use super::colour::{Colour, INK, PAPER, Shade};
use super::fabric::Pattern;
use super::garments::{Category, Garment, PrintSpot, has_waist};
use super::motifs::{self, BOX, Inks, Motif};
use super::random::Random;

/// Below this distance, two colours are too near to tell a drawing from its ground.
const CLEAR: f32 = 0.28;

/// A print as ordered from the printer.
#[derive(Clone, Copy)]
pub struct Print {
    pub motif: &'static Motif,
    layout: Layout,
    inks: Inks,
    /// The colour of a sticker-like rim.
    halo: Option<Colour>,
    /// The colour of a disc behind the motif.
    plate: Option<Colour>,
}

/// Where a print sits.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Layout {
    /// Big, in the middle: a share of the usual size, and a turn in degrees.
    Chest { share: f32, turn: f32 },
    /// Small, on the wearer's left.
    Pocket,
    /// Repeated all over, `pitch` apart.
    AllOver { pitch: f32 },
}

impl Print {
    /// The words in a title, such as "small fox print".
    pub fn title(&self) -> String {
        let how = match self.layout {
            Layout::Chest { .. } => "",
            Layout::Pocket => "small ",
            Layout::AllOver { .. } => "all-over ",
        };
        format!("{how}{} print", self.motif.name)
    }

    /// Prints onto the cloth; `clip` is where cloth to print on lies.
    pub fn apply(&self, pixmap: &mut Pixmap, garment: &Garment, camera: Transform, clip: &Mask) {
        match self.layout {
            Layout::Chest { share, turn } => {
                let spot = PrintSpot { side: garment.chest.side * share, ..garment.chest };
                self.stamp(pixmap, spot, turn, camera, clip);
            }
            Layout::Pocket => self.stamp(pixmap, garment.pocket, 0.0, camera, clip),
            Layout::AllOver { pitch } => {
                for row in 0..(620.0 / pitch) as i32 {
                    for column in -4..=4 {
                        let stagger = if row % 2 == 0 { 0.0 } else { 0.5 };
                        let centre =
                            Point::from_xy((column as f32 + stagger) * pitch, 24.0 + row as f32 * pitch);
                        let spot = PrintSpot { centre, side: 0.66 * pitch };
                        let turn = if (row + column) % 2 == 0 { -12.0 } else { 12.0 };
                        self.stamp(pixmap, spot, turn, camera, clip);
                    }
                }
            }
        }
    }

    fn stamp(&self, pixmap: &mut Pixmap, spot: PrintSpot, turn: f32, camera: Transform, clip: &Mask) {
        let PrintSpot { centre, side } = spot;
        let mut side = side;
        if let Some(plate) = self.plate {
            if let Some(disc) = PathBuilder::from_circle(centre.x, centre.y, side * 0.56) {
                let shader = Shader::SolidColor(plate.paint(1.0));
                let paint = Paint { shader, ..Paint::default() };
                pixmap.fill_path(&disc, &paint, FillRule::Winding, camera, Some(clip));
            }
            side *= 0.76;
        }
        let scale = side / BOX;
        let place = camera
            .pre_translate(centre.x, centre.y)
            .pre_rotate(turn)
            .pre_scale(scale, scale)
            .pre_translate(-BOX / 2.0, -BOX / 2.0);
        self.motif.print(pixmap, place, Some(clip), self.inks, self.halo);
    }
}

/// Decides about the print of an item, if it is to have one.
pub fn choose_print(
    category: Category,
    cut: usize,
    pattern: Pattern,
    shade: &Shade,
    random: &mut Random,
) -> Option<Print> {
    let blank = if pattern.is_busy() { 0.55 } else { 0.2 };
    if random.chance(blank) {
        return None;
    }
    let motif = *random.pick(&motifs::all());
    let layout = choose_layout(category, cut, pattern, random)?;
    let mut grounds = vec![shade.colour];
    if pattern != Pattern::Plain && pattern != Pattern::Heather {
        grounds.push(shade.partner);
    }
    if pattern == Pattern::Camo {
        grounds.push(shade.colour.times(0.34));
    }
    let inks = choose_inks(motif, pattern, &grounds, random);
    let mut print = Print { motif, layout, inks, halo: None, plate: None };
    if pattern.is_busy() && random.chance(0.45) {
        print.plate =
            Some(best_of(&PLATES, |plate| clearance(plate, &grounds).min(1.4 * plate.distance(inks.a))));
    } else if pattern.is_busy() || clearance(inks.a, &grounds) < CLEAR {
        print.halo = Some(best_of(&[PAPER, INK, Colour::hex(0xf5d98a)], |halo| {
            clearance(halo, &grounds).min(1.2 * halo.distance(inks.a))
        }));
    }
    Some(print)
}

/// `None` where the garment offers no place for a print: then it goes without.
fn choose_layout(category: Category, cut: usize, pattern: Pattern, random: &mut Random) -> Option<Layout> {
    let chest = Layout::Chest { share: random.within(0.9..1.2), turn: random.within(-4.0..4.0) };
    let all_over = Layout::AllOver { pitch: random.within(54.0..84.0) };
    let (chest_weight, pocket_weight, all_over_weight) = match category {
        // The placket of a polo shirt and the waist of a dress are in the way of anything big.
        Category::Polo => (0, 80, 20),
        Category::Dress if has_waist(category, cut) => (22, 18, 60),
        Category::Skirt => (0, 12, 88),
        Category::Tote => (88, 0, 12),
        _ => (72, 15, 13),
    };
    let all_over_weight = if pattern.is_busy() { 0 } else { all_over_weight };
    let pocket_weight = if pattern.is_busy() { pocket_weight / 2 } else { pocket_weight };
    if chest_weight + pocket_weight + all_over_weight == 0 {
        return None;
    }
    Some(random.weighted(&[
        (chest, chest_weight),
        (Layout::Pocket, pocket_weight),
        (all_over, all_over_weight),
    ]))
}

/// Natural colours, a single ink, or one of the printer's palettes.
fn choose_inks(motif: &Motif, pattern: Pattern, grounds: &[Colour], random: &mut Random) -> Inks {
    let ground = grounds[0];
    match random.below(20) {
        0..12 => Inks::of(motif.natural),
        // Tints of the cloth would drown in a pattern.
        12..15 if !pattern.is_busy() => {
            let ink = if ground.luma() > 0.5 { INK } else { PAPER };
            Inks::single(ink, ground)
        }
        _ => {
            let first = random.below(PALETTES.len());
            // Of a few palettes, the one whose main ink shows best on this cloth.
            let candidates: [[u32; 3]; 4] =
                std::array::from_fn(|step| PALETTES[(first + step * 3) % PALETTES.len()]);
            let colours = candidates.map(|palette| palette.map(Colour::hex));
            Inks::of(best_of(&colours, |palette| clearance(palette[0], grounds)))
        }
    }
}

/// How well `colour` stands out: its distance from the nearest of the grounds.
fn clearance(colour: Colour, grounds: &[Colour]) -> f32 {
    grounds.iter().map(|ground| colour.distance(*ground)).fold(f32::INFINITY, f32::min)
}

fn best_of<T: Copy>(choices: &[T], score: impl Fn(T) -> f32) -> T {
    let mut best = choices[0];
    for &choice in choices {
        if score(choice) > score(best) {
            best = choice;
        }
    }
    best
}

/// Discs behind a print on busy cloth.
const PLATES: [Colour; 5] =
    [PAPER, Colour::hex(0x2a3350), Colour::hex(0xf2cf6b), Colour::hex(0xf0b8a8), Colour::hex(0xbfd9d4)];

/// Three inks that go together.
const PALETTES: [[u32; 3]; 10] = [
    [0xef6f5e, 0xf7c548, 0x2b4a6f],
    [0x1f7a8c, 0xf2c6a0, 0xe1553f],
    [0xf4b942, 0x4059ad, 0xf4f4f2],
    [0xe85d9b, 0x5bc0be, 0xf7d354],
    [0x3a7d5c, 0xf0d9a8, 0xd9653b],
    [0x6a4c93, 0xf59ab5, 0xf8d66d],
    [0xf7f0e3, 0xe0775a, 0x6fb0a8],
    [0xb23a48, 0xfcb9b2, 0x2f3e56],
    [0x9bd1e5, 0xf6efe0, 0xf28f6b],
    [0x2f3e56, 0xd98e4a, 0xe9dcc3],
];
