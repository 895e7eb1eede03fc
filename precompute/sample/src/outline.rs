//! Contours written as SVG-like path data, and what a pattern cutter does with them: mirror,
//! stretch, warp.
//!
//! Everything is kept as cubic curves, because those survive mirroring, reversing and bending
//! alike.

use tiny_skia::{Path, PathBuilder, Point, Stroke};

/// One contour: a start and the cubic curves that follow it.
#[derive(Clone, Debug)]
pub struct Outline {
    start: Point,
    curves: Vec<[Point; 3]>,
    closed: bool,
}

impl Outline {
    /// Reads path data: `M`, `L`, `Q`, `C` and `Z`, absolute coordinates, one contour.
    ///
    /// # Panics
    ///
    /// If the data is malformed. It is always a literal of this program, and the tests draw all of
    /// them.
    pub fn parse(data: &str) -> Self {
        let mut words = data.split_ascii_whitespace().peekable();
        let mut outline = Self { start: Point::zero(), curves: Vec::new(), closed: false };
        let mut command = "M";
        while let Some(&word) = words.peek() {
            if word.starts_with(|c: char| c.is_ascii_alphabetic()) {
                command = word;
                words.next();
            }
            let mut point = || {
                let mut number = || {
                    let word = words.next().unwrap_or_default();
                    word.parse::<f32>().unwrap_or_else(|_| panic!("not a coordinate: {word:?} in {data:?}"))
                };
                Point::from_xy(number(), number())
            };
            match command {
                "M" => outline.start = point(),
                "L" => outline.line_to(point()),
                "Q" => outline.quad_to(point(), point()),
                "C" => outline.curves.push([point(), point(), point()]),
                "Z" => {
                    outline.closed = true;
                    break;
                }
                other => panic!("unknown path command {other:?} in {data:?}"),
            }
        }
        outline
    }

    /// The right half as given, joined to its mirror image about the vertical line `x = axis`.
    ///
    /// The half must start and end on the axis for the whole to close.
    pub fn mirrored(data: &str, axis: f32) -> Self {
        let half = Self::parse(data);
        let mut whole = half.flipped(axis).reversed();
        whole.line_to(half.start);
        whole.curves.extend(&half.curves);
        whole
    }

    /// The mirror image about `x = axis`.
    pub fn flipped(&self, axis: f32) -> Self {
        self.moved(|p| Point::from_xy(2.0 * axis - p.x, p.y))
    }

    /// Every point, control points included, sent through `bend`.
    pub fn moved(&self, bend: impl Fn(Point) -> Point) -> Self {
        Self {
            start: bend(self.start),
            curves: self.curves.iter().map(|curve| curve.map(&bend)).collect(),
            closed: self.closed,
        }
    }

    /// The contour as tiny-skia takes it.
    pub fn path(&self) -> Path {
        let mut builder = PathBuilder::new();
        builder.move_to(self.start.x, self.start.y);
        for [a, b, end] in &self.curves {
            builder.cubic_to(a.x, a.y, b.x, b.y, end.x, end.y);
        }
        if self.closed {
            builder.close();
        }
        builder.finish().expect("outlines have at least one curve and finite points")
    }

    /// A band of the given width along the contour, as a path to fill.
    pub fn band(&self, width: f32) -> Path {
        let stroke = Stroke { width, ..Stroke::default() };
        self.path().stroke(&stroke, 1.0).expect("a band of positive width has an outline")
    }

    fn end(&self) -> Point {
        self.curves.last().map_or(self.start, |curve| curve[2])
    }

    fn line_to(&mut self, to: Point) {
        let from = self.end();
        self.curves.push([toward(from, to, 1.0 / 3.0), toward(from, to, 2.0 / 3.0), to]);
    }

    fn quad_to(&mut self, control: Point, to: Point) {
        let from = self.end();
        self.curves.push([toward(from, control, 2.0 / 3.0), toward(to, control, 2.0 / 3.0), to]);
    }

    fn reversed(&self) -> Self {
        let mut curves = Vec::with_capacity(self.curves.len());
        for (index, &[a, b, _]) in self.curves.iter().enumerate().rev() {
            let from = if index == 0 { self.start } else { self.curves[index - 1][2] };
            curves.push([b, a, from]);
        }
        Self { start: self.end(), curves, closed: self.closed }
    }
}

fn toward(from: Point, to: Point, share: f32) -> Point {
    Point::from_xy(from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirrored_half_is_symmetric() {
        let bounds = Outline::mirrored("M 50 10 C 70 10 90 30 90 60 L 50 95", 50.0).path().bounds();
        assert!((bounds.left() - 10.0).abs() < 0.01 && (bounds.right() - 90.0).abs() < 0.01);
        assert!((bounds.top() - 10.0).abs() < 0.01 && (bounds.bottom() - 95.0).abs() < 0.01);
    }

    #[test]
    #[should_panic(expected = "not a coordinate")]
    fn malformed_data_is_named() {
        Outline::parse("M 1 2 L 3");
    }
}
