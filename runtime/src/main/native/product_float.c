// Products of weight tiles in floating point: F32 and F16 weights with float rows, BF16 weights with bfloat16 rows where the
// processor multiplies them, else with float rows.
//
// Even and odd columns (column pairs, for BF16) have sums of their own, which are added at the end: one chain of additions
// would wait for itself.
#include "product.h"

#define AHEAD 4096

#ifdef __AVX512BF16__
#define BF16_ROWS 1
#else
#define BF16_ROWS 0
#endif

// Columns in a step of the loop, and bytes of a step in a tile.
INLINE int64_t step_columns(int format) { return format == TILE_BF16 ? 4 : 2; }
INLINE int64_t step_bytes(int format) { return format == TILE_F16 ? 4 * TILE : 8 * TILE; }

// sum += the weights of half a step at w, times the columns of that half at x.
INLINE vf accumulate(int format, vf sum, const uint8_t *w, int lane, const float *x) {
  if (format == TILE_F32) return vf_fma(vf_load((const float *)w + lane), vf_set(*x), sum);
  if (format == TILE_F16) return vf_fma(vf_load_f16((const uint16_t *)w + lane), vf_set(*x), sum);
#if BF16_ROWS
  return vf_dot_bf16(sum, vi_load(w + 4 * lane), (const uint16_t *)x);
#else
  vi pair = vi_load(w + 4 * lane);
  sum = vf_fma(vf_from_bits(vi_left(pair, 16)), vf_set(x[0]), sum);
  return vf_fma(vf_from_bits(vi_and(pair, vi_set(0xffff0000))), vf_set(x[1]), sum);
#endif
}

INLINE void lanes(int format, int R, int T, const struct product *p, const struct activations *x, int64_t row,
                  int64_t tile, int lane) {
  const int64_t size = format == TILE_BF16 && BF16_ROWS ? 2 : 4;
  const char *rows = (const char *)x->values + row * x->stride * size;
  const uint8_t *w = p->weights + tile * p->tile_bytes;
  const int64_t columns = step_columns(format), bytes = step_bytes(format);
  vf even[MOST_TILES][MOST_ROWS], odd[MOST_TILES][MOST_ROWS];
#pragma GCC unroll 16
  for (int t = 0; t < T; t++)
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) even[t][r] = odd[t][r] = vf_zero();
  // Rows and tiles are padded with zeros to whole steps.
  for (int64_t k = 0; k < p->columns; k += columns) {
#pragma GCC unroll 16
    for (int t = 0; t < T; t++) {
      const uint8_t *at = w + t * p->tile_bytes;
      if (lane == 0) {
        __builtin_prefetch(at + AHEAD);
        if (bytes > 64) __builtin_prefetch(at + AHEAD + 64);
      }
#pragma GCC unroll 16
      for (int r = 0; r < R; r++) {
        const char *of_row = rows + (r * x->stride + k) * size;
        even[t][r] = accumulate(format, even[t][r], at, lane, (const float *)of_row);
        odd[t][r] = accumulate(format, odd[t][r], at + bytes / 2, lane, (const float *)(of_row + columns / 2 * size));
      }
    }
    w += bytes;
  }
#pragma GCC unroll 16
  for (int t = 0; t < T; t++)
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) store_lanes(p, row + r, (tile + t) * TILE + lane, vf_add(even[t][r], odd[t][r]));
}

INLINE void sums(int format, int R, int T, const struct product *p, const struct activations *x, int64_t row, int64_t tile) {
  for (int part = 0; part < PARTS; part++) lanes(format, R, T, p, x, row, tile, part * LANES);
}

#define FORMAT TILE_F32
#define NAME f32
#include "product_loops.h"

#define FORMAT TILE_F16
#define NAME f16
#include "product_loops.h"

#define FORMAT TILE_BF16
#define NAME bf16
#include "product_loops.h"
