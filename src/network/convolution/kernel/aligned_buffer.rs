//! Memory in cache lines, so that no vector lies across two.

/// 16 numbers in a line of 64 bytes.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Line(pub [f32; 16]);

/// Numbers that begin at a cache line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlignedBuffer(Vec<Line>);

impl AlignedBuffer {
    /// `count` cache lines of zeros.
    pub fn zeros(count: usize) -> AlignedBuffer {
        AlignedBuffer(vec![Line::default(); count])
    }

    /// `values`, zeros up to a whole line.
    pub fn from(values: &[f32]) -> AlignedBuffer {
        let mut lines = AlignedBuffer::zeros(values.len().div_ceil(16));
        lines.values_mut()[..values.len()].copy_from_slice(values);
        lines
    }

    /// Makes room for `count` cache lines; what is there stays, what is new is 0.
    pub fn grow(&mut self, count: usize) {
        if self.0.len() < count {
            self.0.resize(count, Line::default());
        }
    }

    /// Number of cache lines there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The cache lines.
    pub fn lines(&self) -> &[Line] {
        &self.0
    }

    /// The cache lines.
    pub fn lines_mut(&mut self) -> &mut [Line] {
        &mut self.0
    }

    /// Every number.
    pub fn values(&self) -> &[f32] {
        // SAFETY: a Line is `repr(C)` and holds one array of 16 numbers, its size; only its alignment is stricter.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len() * 16) }
    }

    /// Every number.
    pub fn values_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), self.0.len() * 16) }
    }

    /// The same memory as 32 whole numbers a line.
    pub fn shorts_mut(&mut self) -> &mut [i16] {
        // SAFETY: as above; every bit pattern is a number of either kind.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), self.0.len() * 32) }
    }
}
