// Products of weight tiles in floating point: F32 and F16 weights with float rows, BF16 weights with bfloat16 rows where the
// processor multiplies them, else with float rows.
#include "product.h"

#ifdef __AVX512BF16__
#define BF16_ROWS 1
#else
#define BF16_ROWS 0
#endif

// Columns that a multiplication takes, and their bytes in a tile.
INLINE int64_t step_columns(int format) { return format == TILE_BF16 ? 2 : 1; }
INLINE int64_t step_bytes(int format) { return format == TILE_F16 ? 2 * TILE : 4 * TILE; }

INLINE vf accumulate(int format, vf sum, vi pair, vf weight, const float *x) {
  if (format != TILE_BF16) return vf_fma(weight, vf_set(*x), sum);
#if BF16_ROWS
  return vf_dot_bf16(sum, pair, (const uint16_t *)x);
#else
  sum = vf_fma(vf_from_bits(vi_left(pair, 16)), vf_set(x[0]), sum);
  return vf_fma(vf_from_bits(vi_and(pair, vi_set(0xffff0000))), vf_set(x[1]), sum);
#endif
}

// R rows by T tiles.
INLINE void sums(int format, int R, int T, const struct product *p, const struct activations *x, int64_t row, int64_t tile) {
  const int64_t size = format == TILE_BF16 && BF16_ROWS ? 2 : 4;
  const char *rows = (const char *)x->values + row * x->stride * size;
  const uint8_t *w = p->weights + tile * p->tile_bytes;
  vf sum[MOST_TILES][PARTS][MOST_ROWS];
  UNROLL for (int t = 0; t < T; t++)
    UNROLL for (int part = 0; part < PARTS; part++)
      UNROLL for (int r = 0; r < R; r++) sum[t][part][r] = vf_zero();
  // Two steps at once; rows and tiles are padded with zeros to whole pairs of steps.
  for (int64_t k = 0; k < p->columns; k += 2 * step_columns(format), w += 2 * step_bytes(format)) {
    UNROLL for (int t = 0; t < T; t++) {
      fetch_ahead(w + t * p->tile_bytes);
      if (2 * step_bytes(format) > 64) fetch_ahead(w + t * p->tile_bytes + 64);
    }
    UNROLL for (int step = 0; step < 2; step++)
      UNROLL for (int t = 0; t < T; t++)
        UNROLL for (int part = 0; part < PARTS; part++) {
          const uint8_t *at = w + t * p->tile_bytes + step * step_bytes(format);
          vi pair = vi_set(0);
          vf weight = vf_zero();
          if (format == TILE_BF16) pair = vi_load(at + 4 * LANES * part);
          else if (format == TILE_F16) weight = vf_load_f16((const uint16_t *)at + LANES * part);
          else weight = vf_load((const float *)at + LANES * part);
          UNROLL for (int r = 0; r < R; r++)
            sum[t][part][r] = accumulate(
                format, sum[t][part][r], pair, weight,
                (const float *)(rows + (r * x->stride + k + step * step_columns(format)) * size));
        }
  }
  UNROLL for (int t = 0; t < T; t++)
    UNROLL for (int part = 0; part < PARTS; part++)
      UNROLL for (int r = 0; r < R; r++)
        store_lanes(p, row + r, (tile + t) * TILE + part * LANES, sum[t][part][r]);
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
