//! A picture in blocks of 16 channels, with the border of zeros that a 3x3 convolution reads.

use super::kernel::aligned_buffer::{AlignedBuffer, Line};

/// `[blocks, rows, columns, 16]`: the picture begins at row 1, column 1, and there are rows and columns enough for whole
/// tiles of 4x4 and one beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plane {
    /// Blocks of 16 channels.
    pub blocks: usize,
    /// Rows with the border.
    pub rows: usize,
    /// Columns with the border.
    pub columns: usize,
    /// Of the picture.
    pub height: usize,
    /// Of the picture.
    pub width: usize,
}

impl Plane {
    /// For a picture `[channels, height, width]`.
    pub fn of([channels, height, width]: [usize; 3]) -> Plane {
        let side = |pixels: usize| pixels.next_multiple_of(4) + 2;
        Plane { blocks: channels.div_ceil(16), rows: side(height), columns: side(width), height, width }
    }

    /// Cache lines it takes.
    pub fn len(&self) -> usize {
        self.blocks * self.rows * self.columns
    }

    /// Makes room in `lines` and sets everything around the picture to 0.
    pub fn prepare(&self, lines: &mut AlignedBuffer) {
        lines.grow(self.len());
        let Plane { rows, columns, height, width, .. } = *self;
        for block in lines.lines_mut()[..self.len()].chunks_exact_mut(rows * columns) {
            block[..columns].fill(Line::default());
            block[(height + 1) * columns..].fill(Line::default());
            for row in block[columns..(height + 1) * columns].chunks_exact_mut(columns) {
                row[0] = Line::default();
                row[width + 1..].fill(Line::default());
            }
        }
    }

    /// Writes `picture`, `[channels, height, width]`, to `lines`, and zeros around it and in the channels beyond.
    pub fn pack(&self, picture: &[f32], channels: usize, lines: &mut AlignedBuffer) {
        self.prepare(lines);
        for (channel, picture) in picture.chunks_exact(self.height * self.width).enumerate() {
            for (row, pixels) in picture.chunks_exact(self.width).enumerate() {
                let at = self.line(channel / 16, row);
                for (line, pixel) in lines.lines_mut()[at..].iter_mut().zip(pixels) {
                    line.0[channel % 16] = *pixel;
                }
            }
        }
        for row in 0..self.height {
            for block in channels / 16..self.blocks {
                let at = self.line(block, row);
                for line in &mut lines.lines_mut()[at..at + self.width] {
                    line.0[channels.saturating_sub(block * 16)..].fill(0.0);
                }
            }
        }
    }

    /// The picture, `[channels, height, width]`, that is in `lines`.
    pub fn unpack(&self, lines: &AlignedBuffer, channels: usize, picture: &mut [f32]) {
        debug_assert_eq!(picture.len(), channels * self.height * self.width);
        for (channel, picture) in picture.chunks_exact_mut(self.height * self.width).enumerate() {
            for (row, pixels) in picture.chunks_exact_mut(self.width).enumerate() {
                let at = self.line(channel / 16, row);
                for (pixel, line) in pixels.iter_mut().zip(&lines.lines()[at..]) {
                    *pixel = line.0[channel % 16];
                }
            }
        }
    }

    /// The line of a row's first pixel.
    fn line(&self, block: usize, row: usize) -> usize {
        (block * self.rows + row + 1) * self.columns + 1
    }
}

/// Writes `picture` `[channels, height, width]` with a border of zeros, `[channels, rows, columns]` of its [`Plane`].
pub fn frame(picture: &[f32], [channels, height, width]: [usize; 3], lines: &mut AlignedBuffer) {
    let Plane { rows, columns, .. } = Plane::of([channels, height, width]);
    lines.grow((channels * rows * columns).div_ceil(16));
    let framed = &mut lines.values_mut()[..channels * rows * columns];
    framed.fill(0.0);
    for (framed, picture) in framed.chunks_exact_mut(rows * columns).zip(picture.chunks_exact(height * width))
    {
        for (framed, picture) in framed.chunks_exact_mut(columns).skip(1).zip(picture.chunks_exact(width)) {
            framed[1..=width].copy_from_slice(picture);
        }
    }
}
