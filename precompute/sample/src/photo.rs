//! Takes the photo of an item: cloth, print, seams, folds, shadow, background, camera.

use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Mask, Paint, Path, Pixmap, Point, Rect, Shader, Stroke, StrokeDash,
    Transform,
};

use super::colour::{Colour, INK, PAPER};
use super::fabric::{Fabric, Pattern};
use super::garments::{self, Cloth, Garment, Panel, SeamKind};
use super::noise::{Noise, smoothstep};
use super::plan::{Contrast, Item, Scene};
use super::random::Random;
use super::relief::{Field, light_folds};

/// Width of a photo in pixels.
pub const WIDTH: u32 = 480;
/// Height of a photo in pixels.
pub const HEIGHT: u32 = 600;

/// The share of the frame a garment fills, before the photographer's whim.
const FILL: f32 = 0.88;
/// The most a small garment is magnified, so that a skirt still looks smaller than a dress.
const CLOSEST: f32 = 1.2;

/// The photo of an item: rows of RGB bytes, [`WIDTH`] by [`HEIGHT`].
pub fn take(item: &Item) -> Vec<u8> {
    let mut random = Random::new(item.detail);
    let garment = garments::sew(item.category, item.cut, &mut random);
    let camera = aim(item.scene, garment.bounds());
    let mut table = Table::new(item, camera, Noise::new(random.bits()));
    for panel in &garment.panels {
        table.lay(panel, true);
    }
    if let Some(print) = &item.print {
        print.apply(&mut table.layer, &garment, camera, &table.printable);
    }
    for panel in &garment.trims {
        table.lay(panel, false);
    }
    table.stitch(&garment);

    let lamp = item.scene.lamp.to_radians();
    let light = Point::from_xy(lamp.cos(), lamp.sin());
    let cover = Field::covered_by(&table.cover);
    let lit = light_folds(&cover, &garment.creases, camera, light, &mut random);
    expose(item.scene, &table.layer, &cover, &lit, light, Noise::new(random.bits()))
}

/// From garment space to the photo: whatever is photographed, the photographer fills the frame
/// with it.
fn aim(scene: Scene, garment: Rect) -> Transform {
    let (width, height) = (WIDTH as f32, HEIGHT as f32);
    let fit = (FILL * width / garment.width()).min(FILL * height / garment.height());
    let zoom = scene.zoom * fit.min(CLOSEST);
    Transform::from_translate(width / 2.0 + scene.shift.0, height / 2.0 + scene.shift.1)
        .pre_rotate(scene.tilt)
        .pre_scale(zoom, zoom)
        .pre_translate(-(garment.left() + garment.right()) / 2.0, -(garment.top() + garment.bottom()) / 2.0)
}

/// The garment while it is put together.
struct Table<'a> {
    item: &'a Item,
    camera: Transform,
    /// From the photo back to garment space.
    uncamera: Transform,
    noise: Noise,
    /// Where the waves begin in which the cloth sags.
    sag: f32,
    layer: Pixmap,
    /// Where the panel at hand is.
    piece: Mask,
    /// Where any cloth is.
    cover: Mask,
    /// Where a print may be.
    printable: Mask,
}

impl<'a> Table<'a> {
    fn new(item: &'a Item, camera: Transform, noise: Noise) -> Self {
        let mask = || Mask::new(WIDTH, HEIGHT).expect("the photo has an area");
        Self {
            item,
            camera,
            uncamera: camera.invert().expect("zoom is not zero"),
            noise,
            sag: std::f32::consts::TAU * noise.cell(0, 0),
            layer: Pixmap::new(WIDTH, HEIGHT).expect("the photo has an area"),
            piece: mask(),
            cover: mask(),
            printable: mask(),
        }
    }

    /// Lays a panel on top of what is there.
    fn lay(&mut self, panel: &Panel, below_print: bool) {
        self.shade_below(&panel.path);
        self.piece.clear();
        self.piece.fill_path(&panel.path, FillRule::Winding, true, self.camera);
        let prints = matches!(panel.cloth, Cloth::Main | Cloth::Sleeve);
        let Some(bounds) = panel.path.bounds().transform(self.camera) else {
            return;
        };
        let (sin, cos) = panel.grain.to_radians().sin_cos();
        let dye = self.dye(panel.cloth);
        for (index, x, y) in pixels(bounds) {
            let cover = self.piece.data()[index];
            if cover == 0 {
                continue;
            }
            let mut at = Point::from_xy(x, y);
            self.uncamera.map_point(&mut at);
            // Cloth sags a little, and its threads with it.
            let sag = 1.5 * (at.x / 44.0 + at.y / 110.0 + self.sag).sin();
            let (u, v) = (at.x * cos + at.y * sin, at.y * cos - at.x * sin + sag);
            let thread = 0.988 + 0.024 * self.noise.cell(u as i32, v as i32);
            let colour = dye.colour(u, v).times(panel.tone * thread);
            blend(&mut self.layer.data_mut()[index * 4..][..4], colour, cover);
            let covered = &mut self.cover.data_mut()[index];
            *covered = (*covered).max(cover);
            if below_print {
                // A collar or the inside of the neck covers what could be printed on.
                let printable = &mut self.printable.data_mut()[index];
                *printable = if prints { (*printable).max(cover) } else { (*printable).min(255 - cover) };
            }
        }
        self.outline(&panel.path);
    }

    /// The soft shadow a piece throws on the pieces below it.
    fn shade_below(&mut self, path: &Path) {
        for (width, alpha) in [(9.0, 0.05), (5.5, 0.07), (3.0, 0.08)] {
            let paint = solid(Colour::hex(0x000000), alpha);
            let stroke = Stroke { width, line_join: LineJoin::Round, ..Stroke::default() };
            self.layer.stroke_path(path, &paint, &stroke, self.camera, Some(&self.cover));
        }
    }

    /// A fine dark edge, which is all that tells white pieces of cloth apart.
    fn outline(&mut self, path: &Path) {
        let stroke = Stroke { width: 0.9, ..Stroke::default() };
        let paint = solid(INK, 0.17);
        self.layer.stroke_path(path, &paint, &stroke, self.camera, Some(&self.cover));
    }

    /// Sews the visible seams.
    fn stitch(&mut self, garment: &Garment) {
        let thread = if self.item.shade.colour.luma() > 0.35 { INK } else { PAPER };
        for seam in &garment.seams {
            let mut stroke = Stroke { width: 1.3, line_cap: LineCap::Round, ..Stroke::default() };
            let paint = match seam.kind {
                SeamKind::Join => solid(Colour::hex(0x000000), 0.26),
                SeamKind::Stitch => {
                    stroke.dash = StrokeDash::new(vec![4.0, 2.4], 0.0);
                    solid(thread, 0.3)
                }
            };
            self.layer.stroke_path(&seam.path, &paint, &stroke, self.camera, Some(&self.cover));
        }
    }

    fn dye(&self, cloth: Cloth) -> Dye {
        let item = self.item;
        let main = Fabric {
            pattern: item.pattern,
            base: item.shade.colour,
            second: item.partner(),
            scale: item.pattern_scale,
            noise: self.noise,
        };
        let plain = |base: Colour| Fabric { pattern: Pattern::Plain, base, ..main };
        // Ribs and insides of a busy cloth are knitted in its ground colour.
        let ground = match item.pattern {
            Pattern::Heather => main,
            _ => plain(main.base),
        };
        let partner = plain(item.shade.partner);
        match cloth {
            Cloth::Main => Dye { fabric: main, ribbed: false },
            Cloth::Sleeve if item.contrast == Contrast::Sleeves => Dye { fabric: partner, ribbed: false },
            Cloth::Sleeve => Dye { fabric: main, ribbed: false },
            Cloth::Rib if item.contrast != Contrast::Nothing => Dye { fabric: partner, ribbed: true },
            Cloth::Rib => Dye { fabric: ground, ribbed: true },
            Cloth::Inside => Dye { fabric: ground, ribbed: false },
            Cloth::Cord => {
                let cord = if main.base.luma() > 0.75 { Colour::hex(0xb9b2a6) } else { PAPER };
                Dye { fabric: plain(cord), ribbed: false }
            }
            Cloth::Label => Dye { fabric: plain(PAPER), ribbed: false },
        }
    }
}

/// What a piece looks like from close up.
struct Dye {
    fabric: Fabric,
    ribbed: bool,
}

impl Dye {
    fn colour(&self, u: f32, v: f32) -> Colour {
        let colour = self.fabric.at(u, v);
        if self.ribbed {
            let furrow = smoothstep(0.2, 0.5, ((u / 3.6).rem_euclid(1.0) - 0.5).abs());
            colour.times(1.0 - 0.11 * furrow)
        } else {
            colour
        }
    }
}

/// Puts the garment on its background and develops the picture.
fn expose(scene: Scene, layer: &Pixmap, cover: &Field, lit: &Field, light: Point, noise: Noise) -> Vec<u8> {
    let shadow = cast_shadow(cover, light);
    let mut rgb = Vec::with_capacity((WIDTH * HEIGHT * 3) as usize);
    for (index, pixel) in layer.data().chunks_exact(4).enumerate() {
        let x = (index % WIDTH as usize) as f32 + 0.5;
        let y = (index / WIDTH as usize) as f32 + 0.5;
        let (from_x, from_y) = (x / WIDTH as f32 - 0.5, y / HEIGHT as f32 - 0.5);
        // Brighter towards the lamp, darker in the corners.
        let falloff = 1.0 + 0.07 * (from_x * light.x + from_y * light.y);
        let vignette = falloff - 0.13 * (from_x * from_x + from_y * from_y);
        let alpha = f32::from(pixel[3]) / 255.0;
        // Half of all pixels are either cloth only or ground only; the rest of the work is for
        // nothing.
        let ground = if alpha < 1.0 {
            scene.surface.at(x, y, noise).times((1.0 - shadow.at(x, y)) * (1.0 - alpha))
        } else {
            Colour::hex(0)
        };
        let shade = if alpha > 0.0 { lit.at(x, y) } else { 1.0 };
        // On dark cloth, folds show by their shine: the part that does not depend on the colour.
        let shine = 0.075 * (shade - 1.0) * alpha;
        let cloth = |value: u8| f32::from(value) / 255.0 * shade + shine;
        let grain = 1.0 + 0.006 * (noise.cell(x as i32, y as i32) - 0.5);
        let exposure = scene.brightness * vignette * grain;
        for (value, ground, warmth) in [
            (pixel[0], ground.red, scene.warmth),
            (pixel[1], ground.green, 0.0),
            (pixel[2], ground.blue, -scene.warmth),
        ] {
            let light = (cloth(value) + ground) * exposure * (1.0 + warmth);
            rgb.push((light * 255.0 + 0.5) as u8);
        }
    }
    rgb
}

/// How much light the garment keeps from the ground: a narrow shadow close by, a wide one farther
/// off.
fn cast_shadow(cover: &Field, light: Point) -> Field {
    let (near, far) = (cover.blurred(2), cover.blurred(9));
    near.combined(|x, y| {
        0.26 * near.at(x + 3.0 * light.x, y + 3.0 * light.y)
            + 0.26 * far.at(x + 12.0 * light.x, y + 12.0 * light.y)
    })
}

/// Index and centre of each pixel a rectangle touches, as far as it is in the photo.
fn pixels(bounds: Rect) -> impl Iterator<Item = (usize, f32, f32)> {
    let columns = bounds.left().max(0.0) as usize..(bounds.right().max(0.0) as usize + 1).min(WIDTH as usize);
    let rows = bounds.top().max(0.0) as usize..(bounds.bottom().max(0.0) as usize + 1).min(HEIGHT as usize);
    rows.flat_map(move |row| {
        let columns = columns.clone();
        columns.map(move |column| (row * WIDTH as usize + column, column as f32 + 0.5, row as f32 + 0.5))
    })
}

/// Lays an opaque colour over a premultiplied pixel, as far as `cover` says.
fn blend(pixel: &mut [u8], colour: Colour, cover: u8) {
    let share = f32::from(cover) / 255.0;
    for (value, over) in pixel.iter_mut().zip([colour.red, colour.green, colour.blue, 1.0]) {
        let under = f32::from(*value);
        *value = (under + (over.clamp(0.0, 1.0) * 255.0 - under) * share + 0.5) as u8;
    }
}

fn solid(colour: Colour, alpha: f32) -> Paint<'static> {
    let color: Color = colour.paint(alpha);
    Paint { shader: Shader::SolidColor(color), ..Paint::default() }
}
