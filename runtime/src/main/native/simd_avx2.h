// AVX2, FMA and F16C, and AVX-VNNI where it is allowed: a vector is half a tile row.
#include <immintrin.h>

#define LANES 8
#define REGISTERS 16
typedef __m256 vf;
typedef __m256i vi;

static inline vf vf_zero(void) { return _mm256_setzero_ps(); }
static inline vf vf_set(float x) { return _mm256_set1_ps(x); }
static inline vf vf_load(const float *p) { return _mm256_loadu_ps(p); }
static inline void vf_store(float *p, vf x) { _mm256_storeu_ps(p, x); }
static inline vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
static inline vf vf_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
static inline vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
static inline vf vf_div(vf a, vf b) { return _mm256_div_ps(a, b); }
static inline vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
static inline vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }
static inline vf vf_min(vf a, vf b) { return _mm256_min_ps(a, b); }
static inline vf vf_abs(vf a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
static inline vf vf_from_int(vi x) { return _mm256_cvtepi32_ps(x); }
static inline float vf_sum(vf a) {
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
static inline float vf_highest(vf a) {
  __m128 x = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  x = _mm_max_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
}
static inline vi vi_round(vf x) { return _mm256_cvtps_epi32(x); }
static inline vf vf_from_bits(vi x) { return _mm256_castsi256_ps(x); }
static inline vi vi_from_float(vf x) { return _mm256_castps_si256(x); }
static inline vf vf_load_f16(const uint16_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const void *)p)); }
static inline void vf_store_f16(uint16_t *p, vf x) {
  _mm_storeu_si128((void *)p, _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
}
static inline vf vf_load_bf16(const uint16_t *p) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)p)), 16));
}
static inline vf vf_load_u8(const uint8_t *p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)p)));
}
static inline vf vf_load_i8(const int8_t *p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)p)));
}
static inline void vi_store_i8(int8_t *p, vi x) {
  __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  _mm_storel_epi64((void *)p, _mm_packs_epi16(words, words));
}

static inline vi vi_set(int32_t x) { return _mm256_set1_epi32(x); }
static inline vi vi_load(const void *p) { return _mm256_loadu_si256(p); }
static inline void vi_store(void *p, vi x) { _mm256_storeu_si256(p, x); }
static inline vi vi_add(vi a, vi b) { return _mm256_add_epi32(a, b); }
static inline vi vi_and(vi a, vi b) { return _mm256_and_si256(a, b); }
static inline vi vi_or(vi a, vi b) { return _mm256_or_si256(a, b); }
#define vi_left(a, n) _mm256_slli_epi32(a, n)
#define vi_right(a, n) _mm256_srli_epi32(a, n)
#define vi_right_signed(a, n) _mm256_srai_epi32(a, n)

#ifdef __AVXVNNI__
// acc += the four unsigned bytes of w times the four signed bytes of x, in each lane.
static inline vi vi_dot(vi acc, vi w, vi x) { return _mm256_dpbusd_avx_epi32(acc, w, x); }
#else
#define BYTE_PAIRS
static inline vi vi_pairs(vi w, vi x) { return _mm256_maddubs_epi16(w, x); }
static inline vi vi_add_16(vi a, vi b) { return _mm256_add_epi16(a, b); }
static inline vi vi_dot_16(vi a, int16_t factor) { return _mm256_madd_epi16(a, _mm256_set1_epi16(factor)); }
#define SIGNED_BYTES
static inline vi vi_less_128(vi w) { return _mm256_xor_si256(w, _mm256_set1_epi8(-128)); }
static inline vi vi_magnitudes(vi w) { return _mm256_abs_epi8(w); }
// x with the signs of w's bytes, and zero where these are.
static inline vi vi_with_signs(vi x, vi w) { return _mm256_sign_epi8(x, w); }
#endif
