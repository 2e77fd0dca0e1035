// Products of weight tiles in floating point: F32 and F16 weights with float rows, BF16 weights with bfloat16 rows where the
// processor multiplies them, else with float rows.
#include "product.h"

#ifdef __AVX512BF16__
#define BF16_ROWS 1
#else
#define BF16_ROWS 0
#endif

// Columns that lie side by side in a tile, the bytes of such a step, and how many of them one multiplication takes.
INLINE int64_t step_columns(int format) { return format == TILE_BF16 ? 2 : 1; }
INLINE int64_t step_bytes(int format) { return format == TILE_F16 ? 2 * TILE : 4 * TILE; }
INLINE int64_t multiplied_columns(int format) { return format == TILE_BF16 && BF16_ROWS ? 2 : 1; }

// The weights of a step in the vector `part` of a tile row: those of column `c`, or the pairs that one multiplication takes.
INLINE vi weights(int format, const uint8_t *step, int part, int c) {
  if (format == TILE_F16) return vi_from_float(vf_load_f16((const uint16_t *)step + LANES * part));
  vi both = vi_load(step + 4 * LANES * part);
  if (format == TILE_F32 || BF16_ROWS) return both;
  return c == 0 ? vi_left(both, 16) : vi_and(both, vi_set(0xffff0000));
}

INLINE vf accumulate(int format, vf sum, vi weight, const void *x) {
#if BF16_ROWS
  if (format == TILE_BF16) return vf_dot_bf16(sum, weight, x);
#endif
  return vf_fma(vf_from_bits(weight), vf_set(*(const float *)x), sum);
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
        UNROLL for (int c = 0; c < step_columns(format); c += multiplied_columns(format)) {
          vi weight[PARTS];
          UNROLL for (int part = 0; part < PARTS; part++)
            weight[part] = weights(format, w + t * p->tile_bytes + step * step_bytes(format), part, c);
          UNROLL for (int r = 0; r < R; r++)
            UNROLL for (int part = 0; part < PARTS; part++)
              sum[t][part][r] = accumulate(format, sum[t][part][r], weight[part],
                                           rows + (r * x->stride + k + step * step_columns(format) + c) * size);
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
