//! 4 numbers at a time: NEON. 24 of 32 registers hold sums.

use std::arch::aarch64::*;

super::vector::vector! {
    Neon(float32x4_t): 4 numbers, 6 rows, 4 columns,
    vdupq_n_f32, vld1q_f32, vst1q_f32, vaddq_f32, vmulq_f32, vsubq_f32, vmaxq_f32, vminq_f32,
    |from| vcvtq_f32_s32(vmovl_s16(vld1_s16(from))),
    |a, b, c| vfmaq_f32(c, a, b)
}
