//! What each item of the catalogue is: garment, colour, pattern, print, and how it is photographed.

use super::colour::{Colour, PAPER, SHADES, Shade};
use super::fabric::Pattern;
use super::garments::Category;
use super::print::{Print, choose_print};
use super::random::Random;
use super::surface::Surface;

/// The lowest id; ids have six digits, as a shop's would.
const FIRST_ID: usize = 100_001;
/// Ids leave gaps of up to this many, for articles the shop no longer has.
const ID_SPREAD: usize = 7;
/// As many items as there are ids for.
pub const MOST_ITEMS: usize = (1_000_000 - FIRST_ID) / ID_SPREAD;

/// One article of the shop.
pub struct Item {
    pub id: usize,
    pub category: Category,
    /// Which cut of its category, see [`Category::cuts`].
    pub cut: usize,
    pub shade: &'static Shade,
    pub pattern: Pattern,
    /// Size of the pattern; 1 is usual.
    pub pattern_scale: f32,
    /// Whether sleeves, or collar and cuffs, are in the partner colour.
    pub contrast: Contrast,
    pub print: Option<Print>,
    pub price_cents: u32,
    pub in_stock: bool,
    pub scene: Scene,
    /// Seeds whatever only matters to the drawing: folds, noise, outline.
    pub detail: u64,
}

/// Which parts are in the partner colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contrast {
    Nothing,
    Rib,
    Sleeves,
}

/// How the photo is taken.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    pub surface: Surface,
    /// Magnification against a garment that just fills its share of the frame.
    pub zoom: f32,
    /// Degrees the garment lies turned.
    pub tilt: f32,
    /// Pixels off the middle.
    pub shift: (f32, f32),
    /// Where the lamp is, in degrees; -90 is straight above the garment's neck.
    pub lamp: f32,
    pub brightness: f32,
    /// Warmth of the light: above 0 is yellower.
    pub warmth: f32,
}

impl Item {
    /// Item `index` of the catalogue under `seed`; no other item matters to it.
    pub fn plan(seed: u64, index: usize) -> Self {
        let mut random = Random::for_item(seed, index as u64);
        let random = &mut random;
        let id = FIRST_ID + index * ID_SPREAD + random.below(ID_SPREAD);
        let category = random.weighted(&CATEGORIES);
        let cut = random.below(category.cuts());
        let shade = random.pick(&SHADES);
        let pattern = random.weighted(patterns(category));
        let contrast = choose_contrast(category, pattern, random);
        let print = choose_print(category, cut, pattern, shade, random);
        Self {
            id,
            category,
            cut,
            shade,
            pattern,
            pattern_scale: random.within(0.8..1.3),
            contrast,
            price_cents: choose_price(category, print.is_some(), random),
            print,
            in_stock: random.chance(0.9),
            scene: Scene::set(shade.colour, random),
            detail: random.bits(),
        }
    }

    /// The name the shop gives the article, such as "Navy striped tee with fox print".
    pub fn title(&self) -> String {
        let mut title = String::new();
        let mut letters = self.shade.name.chars();
        title.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        title.push_str(letters.as_str());
        for word in self.pattern.title().into_iter().chain([self.category.title()]) {
            title.push(' ');
            title.push_str(word);
        }
        if let Some(print) = &self.print {
            title.push_str(" with ");
            title.push_str(&print.title());
        }
        title
    }

    /// The cloth's second colour: that of stripes, dots and contrast parts.
    pub fn partner(&self) -> Colour {
        match self.pattern {
            // Checks of two darks would show nothing; gingham is woven against white.
            Pattern::Gingham => PAPER,
            _ => self.shade.partner,
        }
    }
}

const CATEGORIES: [(Category, u32); 9] = [
    (Category::Tee, 27),
    (Category::LongSleeve, 13),
    (Category::Sweatshirt, 10),
    (Category::Hoodie, 14),
    (Category::Tank, 9),
    (Category::Polo, 5),
    (Category::Dress, 11),
    (Category::Skirt, 5),
    (Category::Tote, 6),
];

fn patterns(category: Category) -> &'static [(Pattern, u32)] {
    match category {
        Category::Hoodie | Category::Sweatshirt => &[
            (Pattern::Plain, 58),
            (Pattern::Heather, 16),
            (Pattern::Striped, 5),
            (Pattern::DipDye, 7),
            (Pattern::TieDye, 8),
            (Pattern::Camo, 6),
        ],
        Category::Dress | Category::Skirt => &[
            (Pattern::Plain, 40),
            (Pattern::Striped, 8),
            (Pattern::Pinstriped, 6),
            (Pattern::Dotted, 14),
            (Pattern::Gingham, 11),
            (Pattern::Tartan, 11),
            (Pattern::DipDye, 10),
        ],
        Category::Tote => &[(Pattern::Plain, 76), (Pattern::Striped, 12), (Pattern::Gingham, 12)],
        Category::Tee | Category::LongSleeve | Category::Tank | Category::Polo => &[
            (Pattern::Plain, 50),
            (Pattern::Heather, 8),
            (Pattern::Striped, 9),
            (Pattern::Breton, 8),
            (Pattern::Pinstriped, 4),
            (Pattern::Dotted, 5),
            (Pattern::Gingham, 3),
            (Pattern::Tartan, 2),
            (Pattern::DipDye, 5),
            (Pattern::TieDye, 4),
            (Pattern::Camo, 2),
        ],
    }
}

fn choose_contrast(category: Category, pattern: Pattern, random: &mut Random) -> Contrast {
    if pattern.is_busy() {
        return Contrast::Nothing;
    }
    match category {
        Category::Tee | Category::LongSleeve | Category::Sweatshirt => {
            random.weighted(&[(Contrast::Nothing, 66), (Contrast::Rib, 18), (Contrast::Sleeves, 16)])
        }
        Category::Tank | Category::Polo => random.weighted(&[(Contrast::Nothing, 65), (Contrast::Rib, 35)]),
        Category::Hoodie => random.weighted(&[(Contrast::Nothing, 84), (Contrast::Sleeves, 16)]),
        Category::Dress | Category::Skirt | Category::Tote => Contrast::Nothing,
    }
}

fn choose_price(category: Category, printed: bool, random: &mut Random) -> u32 {
    let from = match category {
        Category::Tote => 9,
        Category::Tank => 14,
        Category::Tee => 17,
        Category::LongSleeve | Category::Skirt => 24,
        Category::Polo => 27,
        Category::Sweatshirt => 36,
        Category::Dress => 39,
        Category::Hoodie => 44,
    };
    let extra = random.below(from / 2 + 1) + if printed { 3 } else { 0 };
    (from + extra) as u32 * 100 + *random.pick(&[90, 90, 95, 50])
}

impl Scene {
    fn set(cloth: Colour, random: &mut Random) -> Self {
        Self {
            surface: choose_surface(cloth, random),
            zoom: random.within(0.93..1.03),
            tilt: random.within(-2.2..2.2),
            shift: (random.within(-9.0..9.0), random.within(-12.0..12.0)),
            lamp: random.within(-150.0..-30.0),
            brightness: random.within(0.98..1.05),
            warmth: random.within(-0.015..0.02),
        }
    }
}

/// A background the cloth stands out from.
fn choose_surface(cloth: Colour, random: &mut Random) -> Surface {
    let pastels = [0xf2dcd8, 0xdce8ee, 0xe3ead9, 0xf3e9cf, 0xe4deee, 0xd6e6e0, 0xf0d9c4];
    loop {
        let (surface, colour) = match random.below(20) {
            0..5 => flat(Surface::Studio, 0xf4f4f3),
            5..9 => flat(Surface::Studio, 0xe3e4e5),
            9..11 => flat(Surface::Paper, 0xece5d8),
            11..13 => flat(Surface::Planks, 0xe2d8c8),
            13 => flat(Surface::Planks, 0xc9b79c),
            14 => flat(Surface::Concrete, 0xc9c8c5),
            _ => flat(Surface::Studio, *random.pick(&pastels)),
        };
        if colour.distance(cloth) > 0.07 {
            return surface;
        }
    }
}

fn flat(surface: fn(Colour) -> Surface, rgb: u32) -> (Surface, Colour) {
    let colour = Colour::hex(rgb);
    (surface(colour), colour)
}
