//! Garments: how each is cut and sewn, in a space of its own.
//!
//! Garment space is as large as a photo (480 by 600), with x = 0 on the garment's axis of symmetry
//! and y
//! from 0 at the top. Cuts are written for one size; `Cutter` stretches and bends them a little,
//! so that
//! no two garments have quite the same outline.

mod bottoms;
mod dresses;
mod hoodies;
mod knits;
mod tees;
mod totes;

use tiny_skia::{Path, Point, Rect};

use super::outline::Outline;
use super::random::Random;

/// What a shop calls the different kinds of garment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    Tee,
    LongSleeve,
    Sweatshirt,
    Hoodie,
    Tank,
    Polo,
    Dress,
    Skirt,
    Tote,
}

impl Category {
    /// The word in the `category` column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tee => "tee",
            Self::LongSleeve => "longsleeve",
            Self::Sweatshirt => "sweatshirt",
            Self::Hoodie => "hoodie",
            Self::Tank => "tank",
            Self::Polo => "polo",
            Self::Dress => "dress",
            Self::Skirt => "skirt",
            Self::Tote => "tote",
        }
    }

    /// The words in a title.
    pub fn title(self) -> &'static str {
        match self {
            Self::LongSleeve => "long-sleeve tee",
            Self::Tank => "tank top",
            Self::Polo => "polo shirt",
            Self::Tote => "tote bag",
            other => other.name(),
        }
    }

    /// How many cuts the category comes in.
    pub fn cuts(self) -> usize {
        match self {
            Self::Tee | Self::Dress => 3,
            Self::LongSleeve | Self::Tank | Self::Skirt => 2,
            Self::Sweatshirt | Self::Hoodie | Self::Polo | Self::Tote => 1,
        }
    }
}

/// Whether a seam or a belt at the waist leaves little room for a print above it.
pub fn has_waist(category: Category, cut: usize) -> bool {
    category == Category::Dress && dresses::has_waist(cut)
}

/// What a piece is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cloth {
    /// The garment's own cloth.
    Main,
    /// The cloth of the sleeves, which may be a contrast.
    Sleeve,
    /// Ribbed knit: collars, cuffs, hems.
    Rib,
    /// The wrong side of the main cloth, seen inside a neckline.
    Inside,
    /// Drawstrings and buttons.
    Cord,
    /// The (blank) label in the neck.
    Label,
}

/// A piece of cloth.
#[derive(Clone, Debug)]
pub struct Panel {
    pub path: Path,
    pub cloth: Cloth,
    /// Brightness against the cloth lying flat.
    pub tone: f32,
    /// Degrees the thread is turned, clockwise, against the body's.
    pub grain: f32,
}

/// A line on the garment.
#[derive(Clone, Debug)]
pub struct Seam {
    pub path: Path,
    pub kind: SeamKind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SeamKind {
    /// Where two pieces are joined.
    Join,
    /// A row of visible stitches.
    Stitch,
}

/// Where cloth likes to fold: a crease from one point to another, about `width` wide.
#[derive(Clone, Copy, Debug)]
pub struct Crease {
    pub from: Point,
    pub to: Point,
    pub width: f32,
}

/// A square on the garment a print fits into.
#[derive(Clone, Copy, Debug)]
pub struct PrintSpot {
    pub centre: Point,
    pub side: f32,
}

/// A garment, ready to be dyed and photographed.
#[derive(Debug)]
pub struct Garment {
    /// The pieces below a print, bottom first.
    pub panels: Vec<Panel>,
    /// The pieces above it: collars, pockets, strings.
    pub trims: Vec<Panel>,
    pub seams: Vec<Seam>,
    pub creases: Vec<Crease>,
    /// Where the big print goes.
    pub chest: PrintSpot,
    /// Where the small one goes.
    pub pocket: PrintSpot,
}

impl Garment {
    /// The rectangle the cloth lies in.
    pub fn bounds(&self) -> Rect {
        let pieces = self.panels.iter().chain(&self.trims);
        pieces
            .map(|panel| panel.path.bounds())
            .reduce(|all, piece| all.join(&piece).unwrap_or(all))
            .expect("every garment has panels")
    }
}

/// Cuts a garment of the given category; `cut` is below [`Category::cuts`].
pub fn sew(category: Category, cut: usize, random: &mut Random) -> Garment {
    let mut cutter = Cutter::new(random);
    match category {
        Category::Tee => tees::tee(&mut cutter, cut),
        Category::Tank => tees::tank(&mut cutter, cut),
        Category::Polo => tees::polo(&mut cutter),
        Category::LongSleeve => knits::long_sleeve(&mut cutter, cut),
        Category::Sweatshirt => knits::sweatshirt(&mut cutter),
        Category::Hoodie => hoodies::hoodie(&mut cutter),
        Category::Dress => dresses::dress(&mut cutter, cut),
        Category::Skirt => bottoms::skirt(&mut cutter, cut),
        Category::Tote => totes::tote(&mut cutter),
    }
    cutter.done
}

/// Collects the pieces of a garment, each in the garment's individual shape.
struct Cutter {
    width: f32,
    length: f32,
    phase: [f32; 4],
    done: Garment,
}

/// Lengths are stretched about this height, near the shoulders, which keeps necklines in place.
const SHOULDERS: f32 = 120.0;

impl Cutter {
    fn new(random: &mut Random) -> Self {
        let nowhere = PrintSpot { centre: Point::zero(), side: 0.0 };
        Self {
            width: random.within(0.95..1.06),
            length: random.within(0.93..1.05),
            phase: std::array::from_fn(|_| random.within(0.0..std::f32::consts::TAU)),
            done: Garment {
                panels: Vec::new(),
                trims: Vec::new(),
                seams: Vec::new(),
                creases: Vec::new(),
                chest: nowhere,
                pocket: nowhere,
            },
        }
    }

    /// Where a point of the pattern comes to lie: cloth laid out by hand is never quite symmetric.
    fn lay(&self, p: Point) -> Point {
        let [a, b, c, d] = self.phase;
        let x = p.x * self.width;
        let y = SHOULDERS + (p.y - SHOULDERS) * self.length;
        Point::from_xy(
            x + 2.2 * (y / 74.0 + a).sin() + 1.2 * (x / 41.0 + y / 57.0 + b).sin(),
            y + 1.8 * (x / 63.0 + c).sin() + 1.0 * (x / 37.0 - y / 83.0 + d).sin(),
        )
    }

    fn cut(&self, outline: &Outline) -> Outline {
        outline.moved(|p| self.lay(p))
    }

    /// A symmetric piece, of which the right half is given.
    fn panel(&mut self, cloth: Cloth, tone: f32, half: &str) {
        let path = self.cut(&Outline::mirrored(half, 0.0)).path();
        self.done.panels.push(Panel { path, cloth, tone, grain: 0.0 });
    }

    /// The same above the print.
    fn trim(&mut self, cloth: Cloth, tone: f32, half: &str) {
        let path = self.cut(&Outline::mirrored(half, 0.0)).path();
        self.done.trims.push(Panel { path, cloth, tone, grain: 0.0 });
    }

    /// A piece for the right and its mirror image for the left; the grain turns with it.
    fn panels(&mut self, cloth: Cloth, tone: f32, grain: f32, right: &str) {
        for (piece, grain) in self.pair(right).into_iter().zip([grain, -grain]) {
            let path = piece.path();
            self.done.panels.push(Panel { path, cloth, tone, grain });
        }
    }

    /// The sleeves. To be cut before the body, whose edge then is the armhole.
    fn sleeves(&mut self, grain: f32, right: &str) {
        self.panels(Cloth::Sleeve, 0.97, grain, right);
    }

    /// The same above the print.
    fn trims(&mut self, cloth: Cloth, tone: f32, grain: f32, right: &str) {
        for (path, grain) in self.pair(right).into_iter().zip([grain, -grain]) {
            self.done.trims.push(Panel { path: path.path(), cloth, tone, grain });
        }
    }

    /// A band along a symmetric line, such as the rib of a neckline.
    fn band(&mut self, cloth: Cloth, tone: f32, width: f32, half: &str) {
        let path = self.cut(&Outline::mirrored(half, 0.0)).band(width);
        self.done.trims.push(Panel { path, cloth, tone, grain: 0.0 });
    }

    /// The same below everything cut later, for what lies behind the garment.
    fn band_below(&mut self, cloth: Cloth, tone: f32, width: f32, half: &str) {
        let path = self.cut(&Outline::mirrored(half, 0.0)).band(width);
        self.done.panels.push(Panel { path, cloth, tone, grain: 0.0 });
    }

    /// Bands along a line on the right and its mirror image, such as strings.
    fn bands(&mut self, cloth: Cloth, tone: f32, width: f32, right: &str) {
        for line in self.pair(right) {
            self.done.trims.push(Panel { path: line.band(width), cloth, tone, grain: 0.0 });
        }
    }

    /// A line across the axis, of which the right half is given.
    fn seam(&mut self, kind: SeamKind, half: &str) {
        let path = self.cut(&Outline::mirrored(half, 0.0)).path();
        self.done.seams.push(Seam { path, kind });
    }

    /// A line on the right and its mirror image.
    fn seams(&mut self, kind: SeamKind, right: &str) {
        for line in self.pair(right) {
            self.done.seams.push(Seam { path: line.path(), kind });
        }
    }

    /// Creases on the right, each as from x, from y, to x, to y, width; and their mirror images.
    fn creases(&mut self, right: &[[f32; 5]]) {
        for &[x0, y0, x1, y1, width] in right {
            for side in [1.0, -1.0] {
                self.done.creases.push(Crease {
                    from: self.lay(Point::from_xy(x0 * side, y0)),
                    to: self.lay(Point::from_xy(x1 * side, y1)),
                    width,
                });
            }
        }
    }

    /// Where prints go: the big one on the axis, the small one on the wearer's left.
    fn print_spots(&mut self, (y, side): (f32, f32), (small_x, small_y, small_side): (f32, f32, f32)) {
        self.done.chest = PrintSpot { centre: self.lay(Point::from_xy(0.0, y)), side: side * self.width };
        self.done.pocket =
            PrintSpot { centre: self.lay(Point::from_xy(small_x, small_y)), side: small_side * self.width };
    }

    fn pair(&self, right: &str) -> [Outline; 2] {
        let outline = Outline::parse(right);
        [self.cut(&outline), self.cut(&outline.flipped(0.0))]
    }
}
