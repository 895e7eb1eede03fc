//! Cloth: what colour each thread has, from plain to tartan.

use super::colour::Colour;
use super::noise::{Noise, smoothstep};

/// The patterns cloth comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    Plain,
    Striped,
    Breton,
    Pinstriped,
    Dotted,
    Gingham,
    Tartan,
    DipDye,
    Heather,
    TieDye,
    Camo,
}

impl Pattern {
    /// The word in the `pattern` column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Striped | Self::Breton | Self::Pinstriped => "striped",
            Self::Dotted => "dotted",
            Self::Gingham | Self::Tartan => "checked",
            Self::DipDye => "gradient",
            Self::Heather => "heather",
            Self::TieDye => "tie-dye",
            Self::Camo => "camouflage",
        }
    }

    /// The word in a title; plain cloth has none.
    pub fn title(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Breton => Some("Breton"),
            Self::Pinstriped => Some("vertical-striped"),
            Self::Gingham => Some("gingham"),
            Self::Tartan => Some("tartan"),
            Self::DipDye => Some("dip-dye"),
            other => Some(other.name()),
        }
    }

    /// Whether a print on it needs something behind it to be seen.
    pub fn is_busy(self) -> bool {
        !matches!(self, Self::Plain | Self::Heather | Self::DipDye)
    }
}

/// Cloth of one pattern in certain colours.
#[derive(Clone, Copy, Debug)]
pub struct Fabric {
    pub pattern: Pattern,
    pub base: Colour,
    pub second: Colour,
    /// Size of the pattern; 1 is usual.
    pub scale: f32,
    pub noise: Noise,
}

impl Fabric {
    /// The colour at a point of garment space.
    pub fn at(&self, x: f32, y: f32) -> Colour {
        let (base, second) = (self.base, self.second);
        let (u, v) = (x / self.scale, y / self.scale);
        // One unit of garment space is about one pixel; that is what edges are softened by.
        let soft = 0.5 / self.scale;
        match self.pattern {
            Pattern::Plain => base,
            Pattern::Striped => base.mix(second, stripe(v, 34.0, 17.0, soft)),
            Pattern::Breton => {
                let yoke = smoothstep(-soft, soft, y - 186.0);
                base.mix(second, yoke * stripe(v, 22.0, 7.0, soft))
            }
            Pattern::Pinstriped => base.mix(second, stripe(u, 20.0, 4.0, soft)),
            Pattern::Dotted => base.mix(second, dots(u, v, soft)),
            Pattern::Gingham => {
                let warp = stripe(u, 26.0, 13.0, soft);
                let weft = stripe(v, 26.0, 13.0, soft);
                second.mix(base, 0.12 + 0.44 * (warp + weft))
            }
            Pattern::Tartan => tartan(base, second, u, v, soft),
            Pattern::DipDye => {
                let wander = 26.0 * (self.noise.clouds(x / 60.0, y / 60.0, 2) - 0.5);
                base.mix(second, smoothstep(260.0, 450.0, y + wander))
            }
            Pattern::Heather => {
                let fleck = self.noise.at(x / 1.1, y / 3.2) + 0.7 * self.noise.at(x / 3.6, y / 1.1);
                // Dark yarn is spun with less white, or it would look like gravel.
                let light = base.mix(Colour::hex(0xf2f0ec), 0.11 + 0.16 * base.luma());
                base.times(0.95).mix(light, smoothstep(0.3, 1.45, fleck))
            }
            Pattern::TieDye => self.tie_dye(x, y),
            Pattern::Camo => self.camouflage(x / self.scale, y / self.scale),
        }
    }

    /// A spiral around a point off the chest's centre, frayed by noise.
    fn tie_dye(&self, x: f32, y: f32) -> Colour {
        // No two shirts are knotted alike: another place, another turn, another number of arms.
        let knot = |axis: i32| self.noise.cell(axis, -1) - 0.5;
        let (dx, dy) = (x - 90.0 * knot(0), y - 270.0 - 90.0 * knot(1));
        let arms = if knot(2) < 0.0 { 3.0 } else { 4.0 };
        let twist = if knot(3) < 0.0 { -1.0 } else { 1.0 } / (86.0 + 40.0 * knot(4));
        let radius = (dx * dx + dy * dy).sqrt();
        let fray = self.noise.clouds(x / 30.0, y / 30.0, 3) - 0.5;
        let turn = dy.atan2(dx) / std::f32::consts::TAU;
        let wave = (turn * arms + radius * twist + 0.75 * fray).rem_euclid(1.0);
        let pale = Colour::hex(0xf7f3ea);
        if wave < 0.5 {
            pale.mix(self.base, smoothstep(0.03, 0.2, wave) * smoothstep(0.5, 0.34, wave))
        } else {
            // A pale second colour would be lost; then a darker bath of the first stands in.
            let second = if self.second.luma() > 0.7 { self.base.times(0.6) } else { self.second };
            pale.mix(second, smoothstep(0.53, 0.7, wave) * smoothstep(1.0, 0.84, wave))
        }
    }

    /// Three kinds of blotches over the ground.
    fn camouflage(&self, u: f32, v: f32) -> Colour {
        let blotch = |shift: f32, limit: f32| {
            let value = self.noise.clouds(u / 46.0 + shift, v / 34.0 - shift, 3);
            smoothstep(limit - 0.012, limit + 0.012, value)
        };
        self.base
            .mix(self.base.times(0.66), blotch(0.0, 0.5))
            .mix(self.base.mix(self.second, 0.5), blotch(37.0, 0.56))
            .mix(self.base.times(0.34), blotch(91.0, 0.62))
    }
}

/// Coverage of stripes `width` wide that repeat every `period`.
fn stripe(position: f32, period: f32, width: f32, soft: f32) -> f32 {
    // Distance from the middle of the nearest stripe.
    let from_middle = ((position / period).rem_euclid(1.0) - 0.5).abs() * period;
    smoothstep(width / 2.0 + soft, width / 2.0 - soft, from_middle)
}

/// Coverage of round dots, every other row shifted by half.
fn dots(u: f32, v: f32, soft: f32) -> f32 {
    const PITCH: f32 = 24.0;
    const RADIUS: f32 = 5.4;
    let row = (v / PITCH).floor();
    let shift = if row.rem_euclid(2.0) < 1.0 { 0.0 } else { 0.5 };
    let dx = ((u / PITCH + shift).rem_euclid(1.0) - 0.5) * PITCH;
    let dy = ((v / PITCH).rem_euclid(1.0) - 0.5) * PITCH;
    smoothstep(RADIUS + soft, RADIUS - soft, (dx * dx + dy * dy).sqrt())
}

fn tartan(base: Colour, second: Colour, u: f32, v: f32, soft: f32) -> Colour {
    const SETT: f32 = 62.0;
    let dark = base.times(0.5);
    let thread = |position: f32| {
        base.mix(dark, 0.85 * stripe(position, SETT, 24.0, soft))
            .mix(second, 0.9 * stripe(position + SETT / 2.0, SETT, 5.0, soft))
            .mix(second, 0.6 * stripe(position + 9.0, SETT, 2.2, soft))
    };
    // Warp and weft show in turn, on diagonals, as in a twill.
    let twill = ((u + v) / 4.0).rem_euclid(1.0);
    thread(u).mix(thread(v), 0.3 + 0.4 * smoothstep(0.25, 0.75, (twill - 0.5).abs() * 2.0))
}
