// Repacks weight rows from the order of GGUF files into tiles. Bits are moved, never rounded.
#include "demotic.h"
#include <string.h>

#define COPY16(to, from) memcpy(to, from, 2)

// Steps of `step` bytes of each row: the tile has the first step of all rows, then the second ...
static inline __attribute__((always_inline)) void interleave(const uint8_t *rows, int64_t row_bytes, int64_t count,
                                                             int64_t bytes, int64_t step, int64_t steps, uint8_t *tile) {
  memset(tile, 0, steps * step * TILE);
  for (int64_t r = 0; r < count; r++) {
    const uint8_t *from = rows + r * row_bytes;
    uint8_t *to = tile + r * step;
    int64_t whole = bytes / step;
    for (int64_t s = 0; s < whole; s++) memcpy(to + s * step * TILE, from + s * step, step);
    memcpy(to + whole * step * TILE, from + whole * step, bytes % step);
  }
}

static void pack_f32(const uint8_t *rows, int64_t row_bytes, int64_t count, int64_t columns, uint8_t *tile) {
  interleave(rows, row_bytes, count, columns * 4, 4, (columns + 1) / 2 * 2, tile);
}

static void pack_f16(const uint8_t *rows, int64_t row_bytes, int64_t count, int64_t columns, uint8_t *tile) {
  interleave(rows, row_bytes, count, columns * 2, 2, (columns + 1) / 2 * 2, tile);
}

static void pack_bf16(const uint8_t *rows, int64_t row_bytes, int64_t count, int64_t columns, uint8_t *tile) {
  interleave(rows, row_bytes, count, columns * 2, 4, (columns + 3) / 4 * 2, tile);
}

// Q8_0: a half-precision scale and 32 signed bytes. Tiles hold the bytes 128 higher.
static void pack_q8_0(const uint8_t *rows, int64_t row_bytes, int64_t count, int64_t columns, uint8_t *tile) {
  for (int64_t b = 0; b < columns / QUANT; b++, tile += 34 * TILE)
    for (int64_t r = 0; r < TILE; r++) {
      static const uint8_t none[34];
      const uint8_t *block = r < count ? rows + r * row_bytes + b * 34 : none;
      COPY16(tile + 2 * r, block);
      for (int g = 0; g < 8; g++) {
        uint32_t four;
        memcpy(&four, block + 2 + 4 * g, 4);
        four ^= 0x80808080;
        memcpy(tile + 2 * TILE + 64 * g + 4 * r, &four, 4);
      }
    }
}

// Nibbles of 32 weights into a tile's block: groups 0 to 3 in the low halves, 4 to 7 in the high ones.
static void put_nibbles(uint8_t *tile, int64_t r, const uint8_t *weights) {
  for (int g = 0; g < 4; g++) {
    uint32_t low, high;
    memcpy(&low, weights + 4 * g, 4);
    memcpy(&high, weights + 16 + 4 * g, 4);
    low = (low & 0x0f0f0f0f) | (high & 0x0f0f0f0f) << 4;
    memcpy(tile + 64 * g + 4 * r, &low, 4);
  }
}

// Q4_0: a half-precision scale and 32 nibbles, the first 16 weights in the low halves.
static void pack_q4_0(const uint8_t *rows, int64_t row_bytes, int64_t count, int64_t columns, uint8_t *tile) {
  for (int64_t b = 0; b < columns / QUANT; b++, tile += 18 * TILE)
    for (int64_t r = 0; r < TILE; r++) {
      static const uint8_t none[18];
      const uint8_t *block = r < count ? rows + r * row_bytes + b * 18 : none;
      uint8_t weights[QUANT];
      for (int i = 0; i < 16; i++) {
        weights[i] = block[2 + i] & 15;
        weights[16 + i] = block[2 + i] >> 4;
      }
      COPY16(tile + 2 * r, block);
      put_nibbles(tile + 2 * TILE, r, weights);
    }
}

// The 6-bit scale and minimum of sub-block j, as Q4_K and Q5_K pack eight of each into 12 bytes.
static void scale_and_minimum(const uint8_t *packed, int j, uint8_t *scale, uint8_t *minimum) {
  if (j < 4) {
    *scale = packed[j] & 63;
    *minimum = packed[j + 4] & 63;
  } else {
    *scale = (packed[j + 4] & 15) | packed[j - 4] >> 6 << 4;
    *minimum = packed[j + 4] >> 4 | packed[j] >> 6 << 4;
  }
}

// Q4_K and Q5_K: half-precision scale and minimum, eight sub-blocks of 32; Q5_K has the fifth bits before the nibbles.
static void pack_k45(const uint8_t *rows, int64_t row_bytes, int64_t count, int64_t columns, uint8_t *tile, int has_fifth) {
  int64_t super = has_fifth ? 176 : 144, sub = (has_fifth ? 22 : 18) * TILE;
  for (int64_t s = 0; s < columns / SUPER; s++, tile += 4 * TILE + 8 * sub) {
    memset(tile, 0, 4 * TILE + 8 * sub);
    for (int64_t r = 0; r < TILE; r++) {
      static const uint8_t none[176];
      const uint8_t *block = r < count ? rows + r * row_bytes + s * super : none;
      const uint8_t *fifths = block + 16, *nibbles = block + (has_fifth ? 48 : 16);
      COPY16(tile + 2 * r, block);
      COPY16(tile + 2 * TILE + 2 * r, block + 2);
      for (int j = 0; j < 8; j++) {
        uint8_t *at = tile + 4 * TILE + j * sub;
        scale_and_minimum(block + 4, j, at + r, at + TILE + r);
        uint8_t weights[QUANT];
        for (int i = 0; i < QUANT; i++) weights[i] = nibbles[j / 2 * 32 + i] >> (j & 1) * 4;
        put_nibbles(at + 2 * TILE, r, weights);
        for (int i = 0; has_fifth && i < QUANT; i++)
          at[2 * TILE + 256 + 4 * r + i % 4] |= (fifths[i] >> j & 1) << i / 4;
      }
    }
  }
}

static void pack_q4_k(const uint8_t *rows, int64_t row_bytes, int64_t count, int64_t columns, uint8_t *tile) {
  pack_k45(rows, row_bytes, count, columns, tile, 0);
}

static void pack_q5_k(const uint8_t *rows, int64_t row_bytes, int64_t count, int64_t columns, uint8_t *tile) {
  pack_k45(rows, row_bytes, count, columns, tile, 1);
}

// Q6_K: 128 bytes of nibbles, 64 bytes of upper bit pairs, 16 signed scales, a half-precision scale. Tiles hold a group's upper
// pair at bits 2 (group / 2) of plane group % 2.
static void pack_q6_k(const uint8_t *rows, int64_t row_bytes, int64_t count, int64_t columns, uint8_t *tile) {
  const int64_t sub = 26 * TILE;
  for (int64_t s = 0; s < columns / SUPER; s++, tile += 2 * TILE + 8 * sub) {
    memset(tile, 0, 2 * TILE + 8 * sub);
    for (int64_t r = 0; r < TILE; r++) {
      static const uint8_t none[210];
      const uint8_t *block = r < count ? rows + r * row_bytes + s * 210 : none;
      const uint8_t *pairs = block + 128, *scales = block + 192;
      COPY16(tile + 2 * r, block + 208);
      for (int j = 0; j < 8; j++) {
        uint8_t *at = tile + 2 * TILE + j * sub;
        at[r] = scales[2 * j];
        at[TILE + r] = scales[2 * j + 1];
        // Sub-block j holds weights 32 j ...: half j / 4 of the super-block, quarter j % 4 of the half.
        int half = j / 4, quarter = j % 4;
        uint8_t weights[QUANT];
        for (int i = 0; i < QUANT; i++) {
          weights[i] = block[half * 64 + (quarter & 1) * 32 + i] >> (quarter >> 1) * 4;
          int pair = pairs[half * 32 + i] >> quarter * 2 & 3, group = i / 4;
          at[2 * TILE + 256 + 64 * (group & 1) + 4 * r + i % 4] |= pair << (group >> 1) * 2;
        }
        put_nibbles(at + 2 * TILE, r, weights);
      }
    }
  }
}

// Packs `tiles` tiles of 16 rows each, of which `count` rows exist.
EXPORT void demotic_pack(int64_t format, const uint8_t *rows, int64_t row_bytes, int64_t count, int64_t columns, int64_t tiles,
                  int64_t tile_bytes, uint8_t *out) {
  static void (*const pack[FORMATS])(const uint8_t *, int64_t, int64_t, int64_t, uint8_t *) = {
      pack_f32, pack_f16, pack_bf16, pack_q8_0, pack_q4_0, pack_q4_k, pack_q5_k, pack_q6_k};
  for (int64_t t = 0; t < tiles; t++)
    pack[format](rows + t * TILE * row_bytes, row_bytes, count - t * TILE < TILE ? count - t * TILE : TILE, columns,
                 out + t * tile_bytes);
}
