//! The prints: small flat drawings in a box of 100 by 100, and the inks they are printed in.

mod animals;
mod faces;
mod fruit;
mod letters;
mod pen;
mod sea;
mod shapes;
mod things;

pub use pen::Pen;

use tiny_skia::{Mask, Pixmap, Transform};

use super::colour::{Colour, INK, PAPER};

/// The side of the box every motif is drawn in.
pub const BOX: f32 = 100.0;

/// A drawing that can be printed.
pub struct Motif {
    /// What it shows, as a shop would say it: "fox", "letter A".
    pub name: &'static str,
    /// The three colours it has by nature, most important first.
    pub natural: [Colour; 3],
    /// Draws it, within the box.
    draw: fn(&mut Pen),
}

const fn motif(name: &'static str, natural: [u32; 3], draw: fn(&mut Pen)) -> Motif {
    let [a, b, c] = natural;
    Motif { name, natural: [Colour::hex(a), Colour::hex(b), Colour::hex(c)], draw }
}

/// Every motif there is.
pub fn all() -> Vec<&'static Motif> {
    let kinds = [
        animals::MOTIFS,
        sea::MOTIFS,
        fruit::MOTIFS,
        faces::MOTIFS,
        shapes::MOTIFS,
        things::MOTIFS,
        letters::MOTIFS,
    ];
    kinds.into_iter().flatten().collect()
}

/// The part a colour plays in a motif.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ink {
    /// The main colour.
    A,
    /// The second colour.
    B,
    /// The accent.
    C,
    /// Eyes, outlines, pips.
    Dark,
    /// Highlights, teeth, whites of eyes.
    Light,
}

/// A colour for each part.
#[derive(Clone, Copy, Debug)]
pub struct Inks {
    pub a: Colour,
    pub b: Colour,
    pub c: Colour,
    pub dark: Colour,
    pub light: Colour,
}

impl Inks {
    /// Three colours of choice, with near-black and near-white for the details.
    pub fn of([a, b, c]: [Colour; 3]) -> Self {
        Self { a, b, c, dark: INK, light: PAPER }
    }

    /// A print with a single ink on cloth of the given colour: tints stand in for the other
    /// colours.
    pub fn single(ink: Colour, cloth: Colour) -> Self {
        let (dark, light) = if ink.luma() < cloth.luma() { (ink, cloth) } else { (cloth, ink) };
        // Dark and light are the two extremes, so that details stay visible on all three tints.
        Self { a: ink.mix(cloth, 0.22), b: ink.mix(cloth, 0.5), c: ink.mix(cloth, 0.68), dark, light }
    }

    fn colour(&self, ink: Ink) -> Colour {
        match ink {
            Ink::A => self.a,
            Ink::B => self.b,
            Ink::C => self.c,
            Ink::Dark => self.dark,
            Ink::Light => self.light,
        }
    }
}

impl Motif {
    /// Prints the motif: `place` maps its box to the pixmap, `clip` keeps it on the cloth.
    ///
    /// With a `halo`, everything gets a rim of that colour, as on a sticker.
    pub fn print(
        &self,
        pixmap: &mut Pixmap,
        place: Transform,
        clip: Option<&Mask>,
        inks: Inks,
        halo: Option<Colour>,
    ) {
        if halo.is_some() {
            (self.draw)(&mut Pen::new(pixmap, place, clip, inks, halo));
        }
        (self.draw)(&mut Pen::new(pixmap, place, clip, inks, None));
    }
}
