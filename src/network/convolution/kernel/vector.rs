//! What a kernel needs of a kind of vector, and how one is made of a machine's intrinsics.

/// Numbers in a register, and how many registers a kernel has of them.
///
/// # Safety
/// Every function may only be called where the machine has the instructions; loads and stores are of `LANES` numbers.
pub trait Vector: Copy {
    /// Numbers in it; divides 16.
    const LANES: usize;
    /// Tiles that a product keeps in registers.
    const ROWS: usize;
    /// Vectors of output channels that a product keeps in registers.
    const COLUMNS: usize;
    /// Every number is `value`.
    unsafe fn splat(value: f32) -> Self;
    /// From memory.
    unsafe fn load(from: *const f32) -> Self;
    /// From whole numbers in memory.
    unsafe fn load_i16(from: *const i16) -> Self;
    /// To memory.
    unsafe fn store(self, to: *mut f32);
    /// self + `other`.
    unsafe fn add(self, other: Self) -> Self;
    /// self * `other`.
    unsafe fn mul(self, other: Self) -> Self;
    /// self - `other`.
    unsafe fn sub(self, other: Self) -> Self;
    /// The larger of each two.
    unsafe fn max(self, other: Self) -> Self;
    /// The smaller of each two.
    unsafe fn min(self, other: Self) -> Self;
    /// self * `factor` + `term`.
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self;
}

/// A [`Vector`] over one kind of register, with the kernels compiled for it.
macro_rules! vector {
    (
        $(#[$feature:meta])*
        $name:ident($register:ty): $lanes:literal numbers, $rows:literal rows, $columns:literal columns,
        $splat:path, $load:path, $store:path, $add:path, $mul:path, $sub:path, $max:path, $min:path,
        |$from:ident| $load_i16:expr,
        |$a:ident, $b:ident, $c:ident| $mul_add:expr
    ) => {
        #[derive(Clone, Copy)]
        pub struct $name($register);

        /// # Safety
        /// As [`super::picture::run`], on a machine that has the instructions.
        $(#[$feature])*
        pub unsafe fn run(
            job: &super::Job,
            read: &super::aligned_buffer::AlignedBuffer,
            write: &mut super::aligned_buffer::AlignedBuffer,
            tiles: &mut super::aligned_buffer::AlignedBuffer,
        ) {
            // SAFETY: as the caller's.
            unsafe { super::picture::run::<$name>(job, read, write, tiles) }
        }

        /// # Safety
        /// As [`super::pointwise::run`], on a machine that has the instructions.
        $(#[$feature])*
        pub unsafe fn pointwise(job: &super::PointwiseJob, read: &[f32], added: Option<&[f32]>, write: &mut [f32]) {
            // SAFETY: as the caller's.
            unsafe { super::pointwise::run::<$name>(job, read, added, write) }
        }

        /// # Safety
        /// As [`super::depthwise::run`], on a machine that has the instructions.
        $(#[$feature])*
        pub unsafe fn depthwise(job: &super::DepthwiseJob, read: &[f32], write: &mut [f32]) {
            // SAFETY: as the caller's.
            unsafe { super::depthwise::run::<$name>(job, read, write) }
        }

        /// # Safety
        /// As [`super::peak::multiply_adds`], on a machine that has the instructions.
        $(#[$feature])*
        pub unsafe fn multiply_adds(rounds: usize, factor: f32) -> f32 {
            // SAFETY: as the caller's.
            unsafe { super::peak::multiply_adds::<$name>(rounds, factor) }
        }

        // SAFETY of each: the caller's machine has the instructions, and the caller's memory the numbers.
        #[allow(clippy::allow_attributes, unused_unsafe, reason = "wasm's intrinsics are safe but for memory")]
        #[allow(clippy::undocumented_unsafe_blocks, reason = "said above for all of them")]
        impl super::vector::Vector for $name {
            const LANES: usize = $lanes;
            const ROWS: usize = $rows;
            const COLUMNS: usize = $columns;

            #[inline(always)]
            unsafe fn splat(value: f32) -> $name {
                $name(unsafe { $splat(value) })
            }

            #[inline(always)]
            unsafe fn load(from: *const f32) -> $name {
                $name(unsafe { $load(from.cast()) })
            }

            #[inline(always)]
            unsafe fn load_i16($from: *const i16) -> $name {
                $name(unsafe { $load_i16 })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut f32) {
                unsafe { $store(to.cast(), self.0) }
            }

            #[inline(always)]
            unsafe fn add(self, other: $name) -> $name {
                $name(unsafe { $add(self.0, other.0) })
            }

            #[inline(always)]
            unsafe fn mul(self, other: $name) -> $name {
                $name(unsafe { $mul(self.0, other.0) })
            }

            #[inline(always)]
            unsafe fn sub(self, other: $name) -> $name {
                $name(unsafe { $sub(self.0, other.0) })
            }

            #[inline(always)]
            unsafe fn max(self, other: $name) -> $name {
                $name(unsafe { $max(self.0, other.0) })
            }

            #[inline(always)]
            unsafe fn min(self, other: $name) -> $name {
                $name(unsafe { $min(self.0, other.0) })
            }

            #[inline(always)]
            unsafe fn mul_add(self, factor: $name, term: $name) -> $name {
                let ($a, $b, $c) = (self.0, factor.0, term.0);
                $name(unsafe { $mul_add })
            }
        }
    };
}

#[allow(clippy::allow_attributes, unused_imports, reason = "not every machine has such vectors")]
pub(super) use vector;
