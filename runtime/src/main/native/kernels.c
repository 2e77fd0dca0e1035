// The kernel sets of this build, which of them the processor can run, and the calls that Java makes.
#include "demotic.h"
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__) && defined(__aarch64__)
#include <sys/auxv.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

#define DECLARE_BF16(isa) void product_bf16_##isa(const struct product *, const struct activations *, int64_t, int64_t)
#define DECLARE_QUANTIZED(isa)                                                                                \
  void product_q8_0_##isa(const struct product *, const struct activations *, int64_t, int64_t);              \
  void product_q4_0_##isa(const struct product *, const struct activations *, int64_t, int64_t);              \
  void product_q4_k_##isa(const struct product *, const struct activations *, int64_t, int64_t);              \
  void product_q5_k_##isa(const struct product *, const struct activations *, int64_t, int64_t);              \
  void product_q6_k_##isa(const struct product *, const struct activations *, int64_t, int64_t);              \
  double int8_peak_##isa(int64_t)
#define DECLARE(isa)                                                                                          \
  DECLARE_BF16(isa);                                                                                          \
  DECLARE_QUANTIZED(isa);                                                                                     \
  void product_f32_##isa(const struct product *, const struct activations *, int64_t, int64_t);               \
  void product_f16_##isa(const struct product *, const struct activations *, int64_t, int64_t);               \
  void quantize_##isa(const float *, int64_t, int64_t, int64_t, int8_t *, struct quantized_block *, int64_t); \
  void to_bf16_##isa(const float *, int64_t, int64_t, int64_t, uint16_t *, int64_t);                          \
  void rms_norm_##isa(const float *, const float *, int64_t, float, float *);                                 \
  void gate_##isa(int64_t, float *, const float *, int64_t, int64_t, int64_t);                                \
  void add_##isa(float *, const float *, float, int64_t);                                                     \
  int64_t copy_finite_##isa(const float *, float *, int64_t);                                                 \
  void exponentials_##isa(float *, int64_t);                                                                  \
  float highest_##isa(const float *, int64_t);                                                                \
  void rotate_##isa(float *, int64_t, int64_t, int64_t, int64_t, int64_t, const float *, const float *, int64_t); \
  void store_##isa(const struct attention *, int64_t, int64_t, int64_t);                                      \
  void attend_##isa(const struct attention *, int64_t, int64_t, int64_t, float *);                            \
  int64_t read_stream_##isa(const uint8_t *, int64_t)

// A set whose products of bytes and of bfloat16s, and those alone, may be made for more instructions than the rest.
#define SET(name, isa, bytes, bf16, rounds, here)                                                             \
  {#name, here,                                                                                               \
   {product_f32_##isa, product_f16_##isa, product_bf16_##bf16, product_q8_0_##bytes, product_q4_0_##bytes,    \
    product_q4_k_##bytes, product_q5_k_##bytes, product_q6_k_##bytes},                                        \
   rounds, quantize_##isa, to_bf16_##isa, rms_norm_##isa, gate_##isa, add_##isa, copy_finite_##isa,           \
   exponentials_##isa, highest_##isa, rotate_##isa, store_##isa, attend_##isa, int8_peak_##bytes,             \
   read_stream_##isa}

#if defined(__x86_64__)
static int has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}
#ifdef AVXVNNI
static int has_avxvnni(void) {
  unsigned a, b, c, d;
  return has_avx2() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1 << 4);
}
DECLARE_QUANTIZED(avxvnni);
#endif
static int has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
static int has_avx512vnni(void) { return has_avx512() && __builtin_cpu_supports("avx512vnni"); }
static int has_avx512bf16(void) { return has_avx512vnni() && __builtin_cpu_supports("avx512bf16"); }
DECLARE(avx2);
DECLARE(avx512);
DECLARE_QUANTIZED(avx512vnni);
DECLARE_BF16(avx512bf16);
static const struct kernels sets[] = {
    SET(avx512bf16, avx512, avx512vnni, avx512bf16, 1, has_avx512bf16),
    SET(avx512vnni, avx512, avx512vnni, avx512, 0, has_avx512vnni),
    SET(avx512, avx512, avx512, avx512, 0, has_avx512),
#ifdef AVXVNNI
    SET(avxvnni, avx2, avxvnni, avx2, 0, has_avxvnni),
#endif
    SET(avx2, avx2, avx2, avx2, 0, has_avx2),
};
#elif defined(__aarch64__)
#if defined(__APPLE__)
static int feature(const char *name) {
  int value = 0;
  size_t size = sizeof value;
  return !sysctlbyname(name, &value, &size, 0, 0) && value;
}
static int has_neon(void) { return feature("hw.optional.arm.FEAT_DotProd"); }
static int has_i8mm(void) { return has_neon() && feature("hw.optional.arm.FEAT_I8MM"); }
#else
static int has_neon(void) { return (getauxval(AT_HWCAP) & 1 << 20) != 0; }               // HWCAP_ASIMDDP
static int has_i8mm(void) { return has_neon() && (getauxval(AT_HWCAP2) & 1 << 13) != 0; } // HWCAP2_I8MM
#endif
DECLARE(neon);
DECLARE_QUANTIZED(i8mm);
static const struct kernels sets[] = {
    SET(i8mm, neon, i8mm, neon, 0, has_i8mm),
    SET(neon, neon, neon, neon, 0, has_neon),
};
#endif

// The i-th set of this build, best first, or null after the last.
EXPORT const struct kernels *demotic_set(int64_t i) {
#if defined(__x86_64__)
  // Intel's processors multiply bfloat16s at half the rate of floats: their best set is the second one.
  if (i < 2 && __builtin_cpu_is("intel")) i = 1 - i;
#endif
  return i >= 0 && i < (int64_t)(sizeof sets / sizeof *sets) ? sets + i : 0;
}
EXPORT const char *demotic_name(const struct kernels *set) { return set->name; }
EXPORT int64_t demotic_runs_here(const struct kernels *set) { return set->runs_here() != 0; }
EXPORT int64_t demotic_rounds_rows(const struct kernels *set) { return set->rounds_rows; }

EXPORT void demotic_product(const struct kernels *set, int64_t format, const uint8_t *weights, int64_t tile_bytes, int64_t columns,
                     int64_t width, const float *bias, float *y, int64_t y_stride, int64_t add, const void *values,
                     const struct quantized_block *blocks, int64_t stride, int64_t rows, int64_t tiles) {
  struct product p = {weights, tile_bytes, (int32_t)columns, (int32_t)width, bias, y, y_stride, (int32_t)add};
  struct activations x = {values, blocks, stride};
  set->product[format](&p, &x, rows, tiles);
}
EXPORT void demotic_quantize(const struct kernels *set, const float *x, int64_t x_stride, int64_t rows, int64_t n, int8_t *levels,
                             struct quantized_block *blocks, int64_t stride) {
  set->quantize(x, x_stride, rows, n, levels, blocks, stride);
}
EXPORT void demotic_to_bf16(const struct kernels *set, const float *x, int64_t x_stride, int64_t rows, int64_t n, uint16_t *out,
                            int64_t stride) {
  set->to_bf16(x, x_stride, rows, n, out, stride);
}
EXPORT void demotic_rms_norm(const struct kernels *set, const float *x, const float *gains, int64_t n, float epsilon, float *y) {
  set->rms_norm(x, gains, n, epsilon, y);
}
EXPORT void demotic_gate(const struct kernels *set, int64_t activation, float *gate, const float *up, int64_t stride,
                         int64_t rows, int64_t columns) {
  set->gate(activation, gate, up, stride, rows, columns);
}
EXPORT void demotic_add(const struct kernels *set, float *x, const float *delta, float factor, int64_t n) {
  set->add(x, delta, factor, n);
}
EXPORT int64_t demotic_copy_finite(const struct kernels *set, const float *x, float *y, int64_t n) {
  return set->copy_finite(x, y, n);
}
EXPORT void demotic_exponentials(const struct kernels *set, float *x, int64_t n) { set->exponentials(x, n); }
EXPORT float demotic_highest(const struct kernels *set, const float *x, int64_t from, int64_t end) {
  return set->highest(x + from, end - from);
}
EXPORT void demotic_rotate(const struct kernels *set, float *x, int64_t stride, int64_t rows, int64_t heads, int64_t dimension,
                           int64_t pairs, const float *cosines, const float *sines, int64_t interleaved) {
  set->rotate(x, stride, rows, heads, dimension, pairs, cosines, sines, interleaved);
}
EXPORT void demotic_store(const struct kernels *set, const struct attention *a, int64_t first, int64_t rows, int64_t kv_head) {
  set->store(a, first, rows, kv_head);
}
EXPORT void demotic_attend(const struct kernels *set, const struct attention *a, int64_t first, int64_t rows, int64_t kv_head,
                    float *scratch) {
  set->attend(a, first, rows, kv_head, scratch);
}
EXPORT double demotic_int8_peak(const struct kernels *set, int64_t rounds) { return set->int8_peak(rounds); }
EXPORT int64_t demotic_read_stream(const struct kernels *set, const uint8_t *memory, int64_t bytes) {
  return set->read_stream(memory, bytes);
}
