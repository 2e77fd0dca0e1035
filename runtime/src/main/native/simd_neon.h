// NEON with dot products (ARMv8.2): a vector is a quarter of a tile row.
#include <arm_neon.h>

#define LANES 4
#define REGISTERS 32
typedef float32x4_t vf;
typedef int32x4_t vi;

static inline vf vf_zero(void) { return vdupq_n_f32(0); }
static inline vf vf_set(float x) { return vdupq_n_f32(x); }
static inline vf vf_load(const float *p) { return vld1q_f32(p); }
static inline void vf_store(float *p, vf x) { vst1q_f32(p, x); }
static inline vf vf_add(vf a, vf b) { return vaddq_f32(a, b); }
static inline vf vf_sub(vf a, vf b) { return vsubq_f32(a, b); }
static inline vf vf_mul(vf a, vf b) { return vmulq_f32(a, b); }
static inline vf vf_div(vf a, vf b) { return vdivq_f32(a, b); }
static inline vf vf_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
static inline vf vf_max(vf a, vf b) { return vmaxq_f32(a, b); }
static inline vf vf_min(vf a, vf b) { return vminq_f32(a, b); }
static inline vf vf_abs(vf a) { return vabsq_f32(a); }
static inline vf vf_from_int(vi x) { return vcvtq_f32_s32(x); }
static inline float vf_sum(vf a) {
  float32x2_t x = vadd_f32(vget_low_f32(a), vget_high_f32(a));
  return vget_lane_f32(vpadd_f32(x, x), 0);
}
static inline float vf_highest(vf a) { return vmaxvq_f32(a); }
static inline vi vi_round(vf x) { return vcvtnq_s32_f32(x); }
static inline vf vf_from_bits(vi x) { return vreinterpretq_f32_s32(x); }
static inline vi vi_from_float(vf x) { return vreinterpretq_s32_f32(x); }
static inline vf vf_load_f16(const uint16_t *p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
static inline void vf_store_f16(uint16_t *p, vf x) { vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(x))); }
static inline vf vf_load_bf16(const uint16_t *p) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16)); }
static inline vf vf_load_u8(const uint8_t *p) {
  uint32_t four;
  __builtin_memcpy(&four, p, 4);
  uint16x8_t words = vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four)));
  return vcvtq_f32_u32(vmovl_u16(vget_low_u16(words)));
}
static inline vf vf_load_i8(const int8_t *p) {
  uint32_t four;
  __builtin_memcpy(&four, p, 4);
  int16x8_t words = vmovl_s8(vreinterpret_s8_u32(vdup_n_u32(four)));
  return vcvtq_f32_s32(vmovl_s16(vget_low_s16(words)));
}
static inline void vi_store_i8(int8_t *p, vi x) {
  int16x4_t words = vmovn_s32(x);
  int8x8_t bytes = vmovn_s16(vcombine_s16(words, words));
  uint32_t four = vget_lane_u32(vreinterpret_u32_s8(bytes), 0);
  __builtin_memcpy(p, &four, 4);
}

static inline vi vi_set(int32_t x) { return vdupq_n_s32(x); }
static inline vi vi_load(const void *p) { return vld1q_s32(p); }
static inline void vi_store(void *p, vi x) { vst1q_s32(p, x); }
static inline vi vi_add(vi a, vi b) { return vaddq_s32(a, b); }
static inline vi vi_and(vi a, vi b) { return vandq_s32(a, b); }
static inline vi vi_or(vi a, vi b) { return vorrq_s32(a, b); }
// By the compiler's own operators: clang takes shifts by intrinsics only where it sees a constant.
static inline vi vi_left(vi a, int n) { return vreinterpretq_s32_u32(vreinterpretq_u32_s32(a) << (uint32_t)n); }
static inline vi vi_right(vi a, int n) { return vreinterpretq_s32_u32(vreinterpretq_u32_s32(a) >> (uint32_t)n); }
static inline vi vi_right_signed(vi a, int n) { return a >> n; }

// acc += the four bytes of w times the four signed bytes of x, in each lane: without i8mm, bytes below 128 alone.
#ifdef __ARM_FEATURE_MATMUL_INT8
static inline vi vi_dot(vi acc, vi w, vi x) {
  return vusdotq_s32(acc, vreinterpretq_u8_s32(w), vreinterpretq_s8_s32(x));
}
#else
#define SIGNED_BYTES
static inline vi vi_dot(vi acc, vi w, vi x) { return vdotq_s32(acc, vreinterpretq_s8_s32(w), vreinterpretq_s8_s32(x)); }
static inline vi vi_less_128(vi w) { return vreinterpretq_s32_s8(veorq_s8(vreinterpretq_s8_s32(w), vdupq_n_s8(-128))); }
#endif
