// One vocabulary of vectors for all instruction sets, so that each kernel is written once.
#pragma once
#include "demotic.h"

#define INLINE static inline __attribute__((always_inline))
// For loops with constant bounds over registers: arrays that they index must not come to lie in memory.
#define UNROLL _Pragma("GCC unroll 16")
// Names of exported kernels end in the name of the instruction set they were compiled for.
#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define KERNEL(name) JOIN(name, ISA)

#if defined(__AVX512BW__)
#include "simd_avx512.h"
#elif defined(__AVX2__)
#include "simd_avx2.h"
#elif defined(__ARM_FEATURE_DOTPROD)
#include "simd_neon.h"
#else
#error "no vectors that the kernels know"
#endif

// The four bytes at x in each lane.
INLINE vi vi_four(const int8_t *x) {
  int32_t four;
  __builtin_memcpy(&four, x, 4);
  return vi_set(four);
}

// The sum of 16 signed bytes, read by eights: as they may just have been written.
INLINE int32_t sum_of_16(const int8_t *x) {
#ifdef __x86_64__
  __m128i bytes = _mm_unpacklo_epi64(_mm_loadl_epi64((const void *)x), _mm_loadl_epi64((const void *)(x + 8)));
  // Sums of eight exist for unsigned bytes: 128 is added to each, and taken off.
  __m128i eights = _mm_sad_epu8(_mm_xor_si128(bytes, _mm_set1_epi8(-128)), _mm_setzero_si128());
  return _mm_cvtsi128_si32(eights) + _mm_extract_epi16(eights, 4) - 16 * 128;
#else
  return vaddlvq_s8(vld1q_s8(x));
#endif
}

INLINE float half_to_float(uint16_t h) {
  uint16_t lanes[LANES] = {h};
  float floats[LANES];
  vf_store(floats, vf_load_f16(lanes));
  return floats[0];
}

INLINE uint16_t half_of(float x) {
#ifdef __F16C__
  return _cvtss_sh(x, _MM_FROUND_TO_NEAREST_INT);
#else
  __fp16 half = (__fp16)x;
  uint16_t bits;
  __builtin_memcpy(&bits, &half, 2);
  return bits;
#endif
}

INLINE float bf16_to_float(uint16_t b) {
  uint32_t bits = (uint32_t)b << 16;
  float x;
  __builtin_memcpy(&x, &bits, 4);
  return x;
}

// Rounds to nearest, ties to even; what is no number stays none.
INLINE uint16_t bf16_of(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, 4);
  uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  return (bits & 0x7fffffff) > 0x7f800000 ? (uint16_t)(bits >> 16 | 0x40) : (uint16_t)rounded;
}

// Vectors that hold a tile row.
#define PARTS (TILE / LANES)

// e^x within 2 units in the last place: x = n ln 2 + r, a polynomial in r (Cephes, expf), times 2^n. Arguments outside the
// range of normal floats are clamped to it. The same operations as FloatMath.exp.
INLINE vf vf_exp(vf x) {
  x = vf_min(vf_max(x, vf_set(-87.3f)), vf_set(88.3f));
  vf n = vf_sub(vf_fma(x, vf_set(1.442695041f), vf_set(12582912)), vf_set(12582912));
  vf r = vf_fma(n, vf_set(2.12194440e-4f), vf_fma(n, vf_set(-0.693359375f), x));
  vf p = vf_set(1.9875691500e-4f);
  p = vf_fma(p, r, vf_set(1.3981999507e-3f));
  p = vf_fma(p, r, vf_set(8.3334519073e-3f));
  p = vf_fma(p, r, vf_set(4.1665795894e-2f));
  p = vf_fma(p, r, vf_set(1.6666665459e-1f));
  p = vf_fma(p, r, vf_set(5.0000001201e-1f));
  vf value = vf_add(vf_fma(vf_mul(p, r), r, r), vf_set(1));
  return vf_mul(value, vf_from_bits(vi_left(vi_add(vi_round(n), vi_set(127)), 23)));
}
