//! The arithmetic of a convolution, once for all machines over a [`vector::Vector`], compiled for each kind of vector there is.
//!
//! Everything unsafe about convolutions is below this file; [`run`] checks every length the kernels rely on.

pub mod aligned_buffer;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod depthwise;
#[cfg(target_arch = "aarch64")]
mod neon;
mod peak;
mod picture;
mod pointwise;
mod product;
mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;
mod transform;
mod vector;

use super::Method;
use super::plane::Plane;
use super::weights::Packed;
use aligned_buffer::AlignedBuffer;
use vector::Vector;

/// What the kernels need to know of a convolution.
pub struct Job<'a> {
    /// By the definition, `read` holds a framed picture, `[inputs, rows, columns]`.
    pub method: Method,
    /// Channels read.
    pub inputs: usize,
    /// Where it is.
    pub read: Plane,
    /// Where the result goes.
    pub write: Plane,
    /// As `weights.rs` makes them for this [`Isa`].
    pub weights: &'a Packed,
    /// A number for each channel of `write`.
    pub bias: &'a AlignedBuffer,
    /// max(x, 0) at the end.
    pub relu: bool,
    /// The largest of each 2x2 after that.
    pub pool: bool,
    /// Tiles transformed at a time.
    pub tiles: usize,
}

/// What values are kept between: a ReLU and its ceiling, if there are any.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// 0 or minus infinity.
    pub floor: f32,
    /// The ReLU's ceiling or infinity.
    pub ceiling: f32,
}

/// Weights of a pointwise convolution.
#[derive(Debug, PartialEq)]
pub struct PointwiseWeights {
    /// The vectors that they are laid out for.
    pub isa: Isa,
    /// `[panels, depth, Isa::pointwise_panel()]`.
    pub values: AlignedBuffer,
    /// `[outputs]`, zeros up to whole blocks of 16.
    pub bias: AlignedBuffer,
    /// Channels read.
    pub depth: usize,
    /// Blocks of 16 channels made.
    pub blocks: usize,
}

/// Where the pixels of a pointwise convolution are written: rows of `width` pixels, `columns` apart, from place `first` on.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    pub first: usize,
    pub columns: usize,
    pub width: usize,
}

/// What the kernels need to know of a pointwise convolution.
pub struct PointwiseJob<'a> {
    pub weights: &'a PointwiseWeights,
    /// Which blocks of outputs are made.
    pub blocks: std::ops::Range<usize>,
    pub limits: Limits,
    pub pixels: usize,
    /// Numbers from a block of what is read to the next.
    pub read_step: usize,
    /// Numbers from a block of what is written, and of what is added, to the next.
    pub write_step: usize,
    pub target: Target,
}

/// Weights of one block of a depthwise 3x3 convolution.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DepthwiseWeights {
    /// In the order of the window.
    pub taps: [[f32; 16]; 9],
    pub bias: [f32; 16],
}

/// What the kernels need to know of a depthwise convolution of one block: windows begin `stride` (1 or 2) pixels apart, the
/// first at the first pixel of a frame with rows of `columns` pixels.
pub struct DepthwiseJob<'a> {
    pub weights: &'a DepthwiseWeights,
    pub limits: Limits,
    pub columns: usize,
    pub stride: usize,
    /// Of what is made.
    pub height: usize,
    pub width: usize,
}

/// A kind of vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::allow_attributes, dead_code, reason = "each machine has some of them")]
pub enum Isa {
    /// One number at a time: the definition that the others must agree with.
    Scalar,
    /// 8 numbers, fused multiply-add.
    Avx2,
    /// 16 numbers.
    Avx512,
    /// 4 numbers.
    Neon,
    /// 4 numbers, fused where the module is built with relaxed SIMD.
    Simd128,
}

impl Isa {
    /// The fastest that this machine has.
    pub fn best() -> Isa {
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx512f") {
                return Isa::Avx512;
            }
            if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
                return Isa::Avx2;
            }
        }
        if cfg!(target_arch = "aarch64") {
            Isa::Neon
        } else if cfg!(all(target_arch = "wasm32", target_feature = "simd128")) {
            Isa::Simd128
        } else {
            Isa::Scalar
        }
    }

    /// Every kind that this machine has.
    #[cfg(test)]
    pub fn all() -> Vec<Isa> {
        let mut all = vec![Isa::Scalar, Isa::best()];
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            all.insert(1, Isa::Avx2);
        }
        all.dedup();
        all
    }

    /// Output channels that a product makes at a time.
    pub fn panel(self) -> usize {
        let [lanes, _, columns] = self.registers();
        lanes * columns
    }

    /// Output channels that a pointwise convolution makes at a time; divides 16.
    pub fn pointwise_panel(self) -> usize {
        self.panel().min(16)
    }

    /// Tiles that a product makes at a time.
    pub fn rows(self) -> usize {
        self.registers()[1]
    }

    fn registers(self) -> [usize; 3] {
        fn of<V: Vector>() -> [usize; 3] {
            [V::LANES, V::ROWS, V::COLUMNS]
        }
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => of::<avx2::Avx2>(),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => of::<avx512::Avx512>(),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => of::<neon::Neon>(),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Isa::Simd128 => of::<simd128::Simd128>(),
            _ => of::<scalar::Scalar>(),
        }
    }
}

/// The kernel of a name that is compiled for `isa`.
macro_rules! dispatch {
    ($isa:expr, $kernel:ident($($argument:expr),*)) => {
        match $isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => avx2::$kernel($($argument),*),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => avx512::$kernel($($argument),*),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => neon::$kernel($($argument),*),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Isa::Simd128 => simd128::$kernel($($argument),*),
            _ => scalar::$kernel($($argument),*),
        }
    };
}

/// Cache lines of scratch memory that [`run`] needs for a job by Winograd.
pub fn scratch(job: &Job) -> usize {
    let [inputs, outputs] = strides(job);
    job.method.points() * (inputs + outputs) / 16
}

/// From one of the points of a transform to the next, for what is read and what is made. One line more than it takes:
/// at a multiple of 4096 bytes all of them would compete for one set of the cache.
fn strides(job: &Job) -> [usize; 2] {
    [job.read.blocks, job.write.blocks].map(|blocks| job.tiles * blocks * 16 + 16)
}

/// Does `job` from `read` to `write`, whose border is 0 before and stays so.
///
/// # Panics
/// When something is too short.
pub fn run(isa: Isa, job: &Job, read: &AlignedBuffer, write: &mut AlignedBuffer, tiles: &mut AlignedBuffer) {
    let (depth, width) = (job.read.blocks * 16, job.write.blocks * 16);
    let Plane { height, width: across, .. } = job.read;
    let divisor = if job.pool { 2 } else { 1 };
    assert!(isa == Isa::Scalar || isa == Isa::best() || cfg!(test), "the machine has these vectors");
    assert!(job.write.len() <= write.len() && width <= job.bias.len() * 16);
    let made = [width, height / divisor, across / divisor];
    assert!(job.write == Plane::of(made), "the result fits");
    let points = job.method.points();
    let are_whole = matches!(job.weights, Packed::F32(_));
    assert!(are_whole || job.method == Method::F2x2, "the weights are of this method");
    if job.method == Method::Direct {
        let framed = job.inputs * job.read.rows * job.read.columns;
        assert!(!job.pool && framed <= read.len() * 16 && job.weights.hold(job.inputs * 9 * width, 0));
        assert!(job.read == Plane::of([job.inputs, height, across]), "the picture is framed");
    } else {
        assert!(job.read.len() <= read.len() && job.weights.hold(points * depth * width, points * width));
        assert!(job.read == Plane::of([depth, height, across]), "the picture has a border");
        assert!(job.tiles > 0 && scratch(job) <= tiles.len());
    }
    // SAFETY: the lengths were checked, and `isa` is one that the machine has.
    unsafe { dispatch!(isa, run(job, read, write, tiles)) }
}

/// Does `job` from `read`, `[blocks, pixels, 16]`, to `write`; `added` is added before the limits and lies as `write` does, whose
/// target is then `job.pixels` pixels in a row.
///
/// # Panics
/// When something is too short.
pub fn pointwise(job: &PointwiseJob, read: &[f32], added: Option<&[f32]>, write: &mut [f32]) {
    let PointwiseWeights { isa, values, bias, depth, blocks } = job.weights;
    let isa = *isa;
    let Target { first, columns, width } = job.target;
    assert!(isa == Isa::Scalar || isa == Isa::best() || cfg!(test), "the machine has these vectors");
    assert!(*depth > 0 && job.blocks.start < job.blocks.end && job.blocks.end <= *blocks && job.pixels > 0);
    assert!(depth * blocks <= values.len() && *blocks <= bias.len(), "weights and biases are there");
    assert!((depth.div_ceil(16) - 1) * job.read_step + job.pixels * 16 <= read.len());
    assert!(width > 0 && width <= columns);
    let last_pixel = first + (job.pixels - 1) / width * columns + (job.pixels - 1) % width;
    let last_block = (job.blocks.end - job.blocks.start - 1) * job.write_step;
    assert!(last_block + (last_pixel + 1) * 16 <= write.len());
    if let Some(added) = added {
        assert!(first == 0 && width == job.pixels && last_block + job.pixels * 16 <= added.len());
    }
    // SAFETY: the lengths were checked, and `isa` is one that the machine has.
    unsafe { dispatch!(isa, pointwise(job, read, added, write)) }
}

/// Does `job` from `read`, a frame of `[rows, columns, 16]`, to `write`, `[height, width, 16]`.
///
/// # Panics
/// When something is too short.
pub fn depthwise(isa: Isa, job: &DepthwiseJob, read: &[f32], write: &mut [f32]) {
    assert!(isa == Isa::Scalar || isa == Isa::best() || cfg!(test), "the machine has these vectors");
    assert!(job.height > 0 && job.width > 0 && matches!(job.stride, 1 | 2));
    let last = |side: usize| (side - 1) * job.stride + 3;
    assert!(last(job.width) <= job.columns && last(job.height) * job.columns * 16 <= read.len());
    assert!(job.height * job.width * 16 <= write.len());
    // SAFETY: the lengths were checked, and `isa` is one that the machine has.
    unsafe { dispatch!(isa, depthwise(job, read, write)) }
}

/// Does `rounds` rounds of multiply-adds in registers with this machine's best vectors, and
/// gives their number and something that depends on them.
pub fn multiply_adds(rounds: usize, factor: f32) -> (usize, f32) {
    let isa = Isa::best();
    let [lanes, ..] = isa.registers();
    // SAFETY: the machine has these vectors.
    let made = unsafe { dispatch!(isa, multiply_adds(rounds, factor)) };
    (rounds * peak::CHAINS * lanes, made)
}
