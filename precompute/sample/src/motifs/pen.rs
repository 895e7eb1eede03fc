//! The pen motifs are drawn with: fills and strokes by ink, not by colour.

use tiny_skia::{
    FillRule, LineCap, LineJoin, Mask, Paint, Path, PathBuilder, Pixmap, Rect, Shader, Stroke, Transform,
};

use super::super::colour::Colour;
use super::super::outline::Outline;
use super::{BOX, Ink, Inks};

/// How far a halo reaches beyond the drawing, in units of the box.
const HALO: f32 = 4.0;

/// Draws into the box of a motif.
pub struct Pen<'a> {
    pixmap: &'a mut Pixmap,
    place: Transform,
    clip: Option<&'a Mask>,
    inks: Inks,
    /// Set during the pass that only lays the rim below the drawing.
    halo: Option<Colour>,
}

impl<'a> Pen<'a> {
    pub(super) fn new(
        pixmap: &'a mut Pixmap,
        place: Transform,
        clip: Option<&'a Mask>,
        inks: Inks,
        halo: Option<Colour>,
    ) -> Self {
        Self { pixmap, place, clip, inks, halo }
    }

    /// Fills a contour given as path data.
    pub fn fill(&mut self, ink: Ink, data: &str) {
        self.fill_path(ink, &Outline::parse(data).path());
    }

    /// Fills a symmetric contour, of which the right half is given, from the middle of the box and
    /// back.
    pub fn fill_mirrored(&mut self, ink: Ink, half: &str) {
        self.fill_path(ink, &Outline::mirrored(half, BOX / 2.0).path());
    }

    /// Fills a contour and its mirror image: ears, wings, cheeks.
    pub fn fill_twice(&mut self, ink: Ink, data: &str) {
        let outline = Outline::parse(data);
        self.fill_path(ink, &outline.path());
        self.fill_path(ink, &outline.flipped(BOX / 2.0).path());
    }

    /// A disc.
    pub fn disc(&mut self, ink: Ink, x: f32, y: f32, radius: f32) {
        self.oval(ink, x, y, radius, radius);
    }

    /// A disc and its mirror image: mostly eyes.
    pub fn discs(&mut self, ink: Ink, x: f32, y: f32, radius: f32) {
        self.disc(ink, x, y, radius);
        self.disc(ink, BOX - x, y, radius);
    }

    /// An upright oval.
    pub fn oval(&mut self, ink: Ink, x: f32, y: f32, radius_x: f32, radius_y: f32) {
        let frame = Rect::from_xywh(x - radius_x, y - radius_y, 2.0 * radius_x, 2.0 * radius_y);
        if let Some(path) = frame.and_then(PathBuilder::from_oval) {
            self.fill_path(ink, &path);
        }
    }

    /// A rectangle with rounded corners.
    pub fn block(&mut self, ink: Ink, x: f32, y: f32, width: f32, height: f32, corner: f32) {
        let (right, bottom, r) = (x + width, y + height, corner);
        let data = format!(
            "M {} {y} L {} {y} Q {right} {y} {right} {} L {right} {} \
             Q {right} {bottom} {} {bottom} \
             L {} {bottom} Q {x} {bottom} {x} {} L {x} {} Q {x} {y} {} {y} Z",
            x + r,
            right - r,
            y + r,
            bottom - r,
            right - r,
            x + r,
            bottom - r,
            y + r,
            x + r,
        );
        self.fill(ink, &data);
    }

    /// A line with round ends along path data.
    pub fn line(&mut self, ink: Ink, width: f32, data: &str) {
        self.stroke_path(ink, width, &Outline::parse(data).path());
    }

    /// A line and its mirror image: whiskers, legs.
    pub fn line_twice(&mut self, ink: Ink, width: f32, data: &str) {
        let outline = Outline::parse(data);
        self.stroke_path(ink, width, &outline.path());
        self.stroke_path(ink, width, &outline.flipped(BOX / 2.0).path());
    }

    /// Draws with the paper turned clockwise by `degrees` about a point.
    pub fn turned(&mut self, degrees: f32, x: f32, y: f32, draw: impl FnOnce(&mut Self)) {
        self.within(Transform::from_rotate_at(degrees, x, y), draw);
    }

    /// Draws with the paper moved and scaled: a unit there is `scale` units here.
    pub fn placed(&mut self, x: f32, y: f32, scale: f32, draw: impl FnOnce(&mut Self)) {
        self.within(Transform::from_row(scale, 0.0, 0.0, scale, x, y), draw);
    }

    fn within(&mut self, change: Transform, draw: impl FnOnce(&mut Self)) {
        let before = self.place;
        self.place = before.pre_concat(change);
        draw(self);
        self.place = before;
    }

    fn fill_path(&mut self, ink: Ink, path: &Path) {
        let paint = self.paint(ink);
        self.pixmap.fill_path(path, &paint, FillRule::Winding, self.place, self.clip);
        if self.halo.is_some() {
            self.pixmap.stroke_path(path, &paint, &round(2.0 * HALO), self.place, self.clip);
        }
    }

    fn stroke_path(&mut self, ink: Ink, width: f32, path: &Path) {
        let rim = if self.halo.is_some() { 2.0 * HALO } else { 0.0 };
        let paint = self.paint(ink);
        self.pixmap.stroke_path(path, &paint, &round(width + rim), self.place, self.clip);
    }

    fn paint(&self, ink: Ink) -> Paint<'static> {
        let colour = self.halo.unwrap_or_else(|| self.inks.colour(ink));
        Paint { shader: Shader::SolidColor(colour.paint(1.0)), ..Paint::default() }
    }
}

fn round(width: f32) -> Stroke {
    Stroke { width, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Stroke::default() }
}
