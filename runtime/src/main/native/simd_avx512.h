// AVX-512 F, BW, DQ and VL, and VNNI where it is allowed: a vector is a whole tile row of 16.
#include <immintrin.h>

#define LANES 16
#define REGISTERS 32
typedef __m512 vf;
typedef __m512i vi;

static inline vf vf_zero(void) { return _mm512_setzero_ps(); }
static inline vf vf_set(float x) { return _mm512_set1_ps(x); }
static inline vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void vf_store(float *p, vf x) { _mm512_storeu_ps(p, x); }
static inline vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
static inline vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
static inline vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
static inline vf vf_div(vf a, vf b) { return _mm512_div_ps(a, b); }
static inline vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
static inline vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
static inline vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }
static inline vf vf_abs(vf a) { return _mm512_abs_ps(a); }
static inline vf vf_from_int(vi x) { return _mm512_cvtepi32_ps(x); }
// The sum of the lanes: halves are added up until one is left, in every set of kernels.
static inline float vf_sum(vf a) { return _mm512_reduce_add_ps(a); }
static inline float vf_highest(vf a) { return _mm512_reduce_max_ps(a); }
static inline vi vi_round(vf x) { return _mm512_cvtps_epi32(x); }
static inline vf vf_from_bits(vi x) { return _mm512_castsi512_ps(x); }
static inline vi vi_from_float(vf x) { return _mm512_castps_si512(x); }
static inline vf vf_load_f16(const uint16_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const void *)p)); }
static inline void vf_store_f16(uint16_t *p, vf x) {
  _mm256_storeu_si256((void *)p, _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
}
static inline vf vf_load_bf16(const uint16_t *p) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)p)), 16));
}
static inline vf vf_load_u8(const uint8_t *p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)p)));
}
static inline vf vf_load_i8(const int8_t *p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const void *)p)));
}
static inline void vi_store_i8(int8_t *p, vi x) { _mm_storeu_si128((void *)p, _mm512_cvtepi32_epi8(x)); }

static inline vi vi_set(int32_t x) { return _mm512_set1_epi32(x); }
static inline vi vi_load(const void *p) { return _mm512_loadu_si512(p); }
static inline void vi_store(void *p, vi x) { _mm512_storeu_si512(p, x); }
static inline vi vi_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
static inline vi vi_and(vi a, vi b) { return _mm512_and_si512(a, b); }
static inline vi vi_or(vi a, vi b) { return _mm512_or_si512(a, b); }
#define vi_left(a, n) _mm512_slli_epi32(a, n)
#define vi_right(a, n) _mm512_srli_epi32(a, n)
#define vi_right_signed(a, n) _mm512_srai_epi32(a, n)

#ifdef __AVX512VNNI__
// acc += the four unsigned bytes of w times the four signed bytes of x, in each lane.
static inline vi vi_dot(vi acc, vi w, vi x) { return _mm512_dpbusd_epi32(acc, w, x); }
#else
#define BYTE_PAIRS
static inline vi vi_pairs(vi w, vi x) { return _mm512_maddubs_epi16(w, x); }
static inline vi vi_add_16(vi a, vi b) { return _mm512_add_epi16(a, b); }
static inline vi vi_dot_16(vi a, int16_t factor) { return _mm512_madd_epi16(a, _mm512_set1_epi16(factor)); }
#endif

#ifdef __AVX512BF16__
static inline vf vf_dot_bf16(vf acc, vi w, const uint16_t *x) {
  int32_t two;
  __builtin_memcpy(&two, x, 4);
  return _mm512_dpbf16_ps(acc, (__m512bh)w, (__m512bh)_mm512_set1_epi32(two));
}
#endif
