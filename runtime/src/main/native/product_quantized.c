// Products of quantized weight tiles with quantized rows: integer dot products over blocks of 32 columns, scaled and added up
// in float, block after block.
//
// A kernel computes R rows by T tiles with all sums in registers, so each weight vector is read and unpacked once for R rows.
// What makes many rows cost hardly more than one is that weights are fetched into the cache well ahead of their use; without
// it, loads wait while the multiplications run, and both times add up.
#define QUANTIZED
#include "product.h"

// Bytes of a block of 32 columns in a tile of each format, and of what stands before each 256 columns.
INLINE int64_t block_bytes(int format) {
  switch (format) {
    case TILE_Q8_0: return 2 * TILE + 32 * TILE;                // half-precision scales, bytes
    case TILE_Q4_0: return 2 * TILE + 16 * TILE;                // half-precision scales, nibbles
    case TILE_Q4_K: return 2 * TILE + 16 * TILE;                // byte scales and minima, nibbles
    case TILE_Q5_K: return 2 * TILE + 16 * TILE + 4 * TILE;     // ... and a fifth bit
    default: return 2 * TILE + 16 * TILE + 8 * TILE;            // Q6_K: byte scales of both halves, nibbles, two more bits
  }
}
INLINE int64_t super_bytes(int format) {
  switch (format) {
    case TILE_Q4_K: case TILE_Q5_K: return 4 * TILE;            // half-precision scales and minima
    case TILE_Q6_K: return 2 * TILE;                            // half-precision scales
    default: return 0;
  }
}

// The unsigned weights of column group `g` (four columns) of a block whose weights begin at `w`.
INLINE vi weights(int format, const uint8_t *w, int g) {
  if (format == TILE_Q8_0) return vi_load(w + 64 * g);
  vi both = vi_load(w + 64 * (g & 3));
  vi nibbles = vi_and(g < 4 ? both : vi_right(both, 4), vi_set(0x0f0f0f0f));
  if (format == TILE_Q5_K) {
    vi bits = vi_load(w + 256);
    vi fifth = g < 4 ? vi_left(bits, 4 - (g & 3)) : vi_right(bits, g & 3);
    return vi_or(nibbles, vi_and(fifth, vi_set(0x10101010)));
  }
  if (format == TILE_Q6_K) {
    vi bits = vi_load(w + 256 + 64 * (g & 1));
    int shift = g >> 1;
    vi high = shift == 0 ? vi_left(bits, 4) : shift == 1 ? vi_left(bits, 2) : shift == 2 ? bits : vi_right(bits, 2);
    return vi_or(nibbles, vi_and(high, vi_set(0x30303030)));
  }
  return nibbles;
}

// Where a row's integer sum of a block starts, so that it ends as that of the signed weights.
INLINE vi start(int format, const struct quantized_block *x) {
  switch (format) {
#ifdef SIGNED_BYTES
    case TILE_Q8_0: return vi_set(0);
#else
    case TILE_Q8_0: return vi_set(x->bias);                     // 128 above
#endif
    case TILE_Q4_0: return vi_right_signed(vi_set(x->bias), 4); // levels are 8 above the signed weights
    case TILE_Q6_K: return vi_set(x->first);                    // 32 above, and the first half comes first
    default: return vi_set(0);
  }
}

// Has one of the eight steps through a block fetch its share of the lines.
INLINE void fetch_line(int format, const uint8_t *block, int g) {
  if (64 * g < block_bytes(format)) fetch_ahead(block + 64 * g);
  if (g == 7 && block_bytes(format) > 512) fetch_ahead(block + 512);
}

// As fetch_line where a tile takes several passes, of P vectors of a tile row each: every pass fetches its share of the next tile. If
// the first fetched all, memory would wait in the others.
INLINE void fetch_share(int format, int P, const uint8_t *next, int g) {
  const int share = block_bytes(format) * P / PARTS;
  if (g % 2 == 0 && 32 * g < share) __builtin_prefetch(next + 32 * g, 0, 2);
  if (g == 7 && share > 256) __builtin_prefetch(next + 256, 0, 2);
}

// The integer sum of one row and one vector of weight rows over a block.
#ifndef BYTE_PAIRS
INLINE int vectors_of_sum(int format) { return 1; }
struct block_sum {
  vi all;
};

// Adds column group `g`.
INLINE void add(int format, int g, struct block_sum *sum, vi w, const int8_t *x) {
#ifdef SIGNED_BYTES
  if (format == TILE_Q8_0) w = vi_less_128(w);
#endif
  sum->all = vi_dot(sum->all, w, vi_four(x));
}
#else
// Without dot products of four bytes, products of bytes are added up in pairs, saturated to 16 bits. Of weights below 16 a whole
// block stays within them (8 groups x 2 products of at most 15 x 127), below 32 half a block, below 64 two groups; a weight byte is
// taken as two of its kind. So nearly all additions are half as wide as the sums they end in, and all are exact.
//
// Where a row's byte can take the sign of a weight's, whole bytes are cheaper: two products of them fit 16 bits.
struct block_sum {
  vi all;
  vi low, high; // 16-bit sums that `all` has not yet; `high` counts sixteenfold
};

INLINE int vectors_of_sum(int format) {
#ifdef SIGNED_BYTES
  if (format == TILE_Q8_0) return 1;
#endif
  return 2;
}

INLINE void add(int format, int g, struct block_sum *sum, vi w, const int8_t *x) {
#ifdef SIGNED_BYTES
  if (format == TILE_Q8_0) {
    w = vi_less_128(w);
    sum->all = vi_add(sum->all, vi_dot_16(vi_pairs(vi_magnitudes(w), vi_with_signs(vi_four(x), w)), 1));
    return;
  }
#endif
  const int groups = format == TILE_Q5_K ? 4 : format == TILE_Q6_K ? 2 : 8;
  const int is_first = g % groups == 0, is_last = g % groups == groups - 1;
  const vi four = vi_four(x), nibble = vi_set(0x0f0f0f0f);
  vi low = vi_pairs(format == TILE_Q8_0 ? vi_and(w, nibble) : w, four);
  sum->low = is_first ? low : vi_add_16(sum->low, low);
  if (format == TILE_Q8_0) {
    vi high = vi_pairs(vi_and(vi_right(w, 4), nibble), four);
    sum->high = is_first ? high : vi_add_16(sum->high, high);
    if (is_last) sum->all = vi_add(sum->all, vi_dot_16(sum->high, 16));
  }
  if (is_last) sum->all = vi_add(sum->all, vi_dot_16(sum->low, 1));
}
#endif

// Vectors of a tile row whose sums fit the registers beside those of their blocks; the others wait for another pass over the
// tile, which is in the first cache by then.
INLINE int parts_at_once(int format, int R, int T) {
  const int others = LANES == 8 ? 9 : 11; // weights, levels, scales, constants; AVX2 takes some from memory
  return R * T * (PARTS + vectors_of_sum(format)) + others <= REGISTERS ? PARTS : 1;
}

// R rows by T tiles by P vectors of a tile row, from vector `first` on.
INLINE void sums_of_parts(int format, int R, int T, int P, const struct product *p, const struct activations *x, int64_t row,
                          int64_t tile, int first) {
  const int8_t *levels = (const int8_t *)x->values + row * QUANT;
  const struct quantized_block *quantized = x->blocks + row;
  const uint8_t *block = p->weights + tile * p->tile_bytes;
  const uint8_t *next = block + (T * PARTS + first) * p->tile_bytes / PARTS;
  // Q6_K has a scale for each half of a block.
  const int halves = format == TILE_Q6_K ? 2 : 1;
  vf sum[MOST_TILES][PARTS][MOST_ROWS], scales[MOST_TILES][PARTS], minima[MOST_TILES][PARTS];
  UNROLL for (int t = 0; t < T; t++)
    UNROLL for (int i = 0; i < P; i++)
      UNROLL for (int r = 0; r < R; r++) sum[t][i][r] = vf_zero();

  for (int64_t b = 0; b < p->columns / QUANT;
       b++, block += block_bytes(format), next += block_bytes(format) * P / PARTS, levels += QUANT * x->stride,
       quantized += x->stride) {
    if (super_bytes(format) && b % (SUPER / QUANT) == 0) {
      UNROLL for (int t = 0; t < T; t++)
        UNROLL for (int i = 0; i < P; i++) {
          const uint16_t *head = (const uint16_t *)(block + t * p->tile_bytes) + (first + i) * LANES;
          scales[t][i] = vf_load_f16(head);
          if (format != TILE_Q6_K) minima[t][i] = vf_load_f16(head + TILE);
        }
      block += super_bytes(format);
    }
    UNROLL for (int i = 0; i < P; i++) {
      const int lane = (first + i) * LANES;
      struct block_sum dots[MOST_TILES][MOST_ROWS];
      UNROLL for (int t = 0; t < T; t++)
        UNROLL for (int r = 0; r < R; r++) dots[t][r].all = start(format, quantized + r);
      UNROLL for (int half = 0; half < halves; half++) {
        UNROLL for (int g = half * 4; g < half * 4 + 8 / halves; g++)
          UNROLL for (int t = 0; t < T; t++) {
            const uint8_t *of_tile = block + t * p->tile_bytes;
            if (P < PARTS) fetch_share(format, P, next, g);
            else if (i == 0) fetch_line(format, of_tile, g);
            vi four = weights(format, of_tile + 2 * TILE + 4 * lane, g);
            UNROLL for (int r = 0; r < R; r++) add(format, g, &dots[t][r], four, levels + r * QUANT + 4 * g);
          }
        UNROLL for (int t = 0; t < T; t++) {
          const uint8_t *head = block + t * p->tile_bytes;
          vf scale, minimum;
          if (format == TILE_Q8_0 || format == TILE_Q4_0) {
            scale = vf_load_f16((const uint16_t *)head + lane);
          } else if (format == TILE_Q6_K) {
            scale = vf_mul(scales[t][i], vf_load_i8((const int8_t *)head + half * TILE + lane));
          } else {
            scale = vf_mul(scales[t][i], vf_load_u8(head + lane));
            minimum = vf_mul(minima[t][i], vf_load_u8(head + TILE + lane));
          }
          UNROLL for (int r = 0; r < R; r++) {
            const struct quantized_block *q = quantized + r;
            vf *of_row = &sum[t][i][r];
            *of_row = vf_fma(vf_from_int(dots[t][r].all), vf_mul(scale, vf_set(q->scale)), *of_row);
            if (format == TILE_Q4_K || format == TILE_Q5_K) *of_row = vf_fma(minimum, vf_set(-q->sum), *of_row);
            // What is left of the block's bias once the first half has its own: both are exact integers.
            if (half == 0 && halves == 2) dots[t][r].all = vi_set((q->bias >> 2) - q->first);
          }
        }
      }
    }
  }
  UNROLL for (int t = 0; t < T; t++)
    UNROLL for (int i = 0; i < P; i++)
      UNROLL for (int r = 0; r < R; r++)
        store_lanes(p, row + r, (tile + t) * TILE + (first + i) * LANES, sum[t][i][r]);
}

// R rows by T tiles.
INLINE void sums(int format, int R, int T, const struct product *p, const struct activations *x, int64_t row, int64_t tile) {
  const int P = parts_at_once(format, R, T);
  for (int first = 0; first < PARTS; first += P) sums_of_parts(format, R, T, P, p, x, row, tile, first);
}

#define FORMAT TILE_Q8_0
#define NAME q8_0
#include "product_loops.h"

#define FORMAT TILE_Q4_0
#define NAME q4_0
#include "product_loops.h"

#define FORMAT TILE_Q4_K
#define NAME q4_k
#include "product_loops.h"

#define FORMAT TILE_Q5_K
#define NAME q5_k
#include "product_loops.h"

#define FORMAT TILE_Q6_K
#define NAME q6_k
#include "product_loops.h"
