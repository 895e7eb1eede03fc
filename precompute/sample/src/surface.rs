//! What garments are photographed on.

use super::colour::Colour;
use super::noise::{Noise, smoothstep};

/// A background.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Surface {
    /// A seamless sheet of studio paper.
    Studio(Colour),
    /// Rough handmade paper.
    Paper(Colour),
    /// Whitewashed boards.
    Planks(Colour),
    /// Smooth concrete.
    Concrete(Colour),
}

impl Surface {
    /// The colour at a pixel of the photo.
    pub fn at(self, x: f32, y: f32, noise: Noise) -> Colour {
        match self {
            Self::Studio(colour) => colour,
            Self::Paper(colour) => {
                let fibre = noise.at(x / 2.2, y / 2.2) - 0.5 + (noise.at(x / 9.0, y / 5.0) - 0.5);
                colour.times(1.0 + 0.035 * fibre)
            }
            Self::Planks(colour) => planks(colour, x, y, noise),
            Self::Concrete(colour) => {
                let cloud = noise.clouds(x / 90.0, y / 90.0, 4) - 0.5;
                colour.times(1.0 + 0.14 * cloud)
            }
        }
    }
}

fn planks(colour: Colour, x: f32, y: f32, noise: Noise) -> Colour {
    const WIDTH: f32 = 96.0;
    let board = (x / WIDTH).floor();
    let across = x - board * WIDTH;
    let tint = noise.cell(board as i32, 7) - 0.5;
    // The grain runs along the board and bends around it slowly.
    let bend = 14.0 * noise.at(board * 9.0 + across / 60.0, y / 170.0);
    let grain = noise.at((across + bend) / 3.4 + board * 31.0, y / 120.0) - 0.5;
    let vein = smoothstep(0.72, 0.9, noise.at((across + bend) / 7.0 + board * 57.0, y / 260.0));
    let edge = across.min(WIDTH - across);
    let gap = 1.0 - 0.34 * smoothstep(2.2, 0.4, edge);
    colour.times((1.0 + 0.05 * tint + 0.06 * grain - 0.06 * vein) * gap)
}
