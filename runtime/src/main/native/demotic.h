// The native kernels of the CPU backend: what Java calls, and how memory is laid out between the two.
//
// Every function computes a part of one operation on memory that Java owns and whose bounds Java has checked. A result is a
// function of its own row's inputs with one order of additions, whatever rows, tiles or threads share the call.
#pragma once
#include <stddef.h>
#include <stdint.h>

// What Java calls; everything else stays inside the library.
#define EXPORT __attribute__((visibility("default")))

// Weight matrices are cut into tiles of TILE rows. Quantized tiles hold blocks of 32 columns, in which the same four columns
// of all rows lie side by side: 64 bytes that one vector of 4-byte dot products takes.
#define TILE 16
#define QUANT 32
#define SUPER 256

// How weights lie in tiles. Java knows these numbers (TileFormat.java).
enum format { TILE_F32, TILE_F16, TILE_BF16, TILE_Q8_0, TILE_Q4_0, TILE_Q4_K, TILE_Q5_K, TILE_Q6_K, FORMATS };

// How one block of 32 activations was quantized: x = scale * level, with levels from -127 to 127.
struct quantized_block {
  float scale;
  int32_t bias;   // -128 * sum of the levels: takes off the 128 that unsigned weight bytes carry
  float sum;      // scale * sum of the levels
  int32_t first;  // -32 * sum of the first 16 levels
};

// Some rows of activations in the form that a product wants: floats or bfloat16s, row by row; or quantized levels, block of columns
// by block of columns, so that what a kernel reads at once lies side by side, wherever its rows begin.
struct activations {
  const void *values;
  const struct quantized_block *blocks; // of quantized rows only
  int64_t stride;                       // elements from a row to the next; of quantized rows, rows from a block to the next
};

// y[r][n] = bias[n] + sum over k of w[n][k] x[r][k], for the weight rows n of `tiles` tiles; added to y if `add` is set.
struct product {
  const uint8_t *weights; // the first tile
  int64_t tile_bytes;
  int32_t columns;
  int32_t width;          // weight rows that exist from the first tile on: the last tile may be cut short
  const float *bias;      // of the first tile's rows, or null
  float *y;               // the first tile's column of the first row
  int64_t y_stride;       // floats
  int32_t add;
};

enum kv_type { KV_F32, KV_F16, KV_BF16, KV_Q8, KV_TYPES };

// The most query heads that one call of attend takes.
#define ATTENTION_QUERIES 64

// Attention of one layer over paged keys and values (see CpuKvStore.java for the layout).
struct attention {
  const float *queries, *keys, *values;
  float *out;
  int64_t query_stride, key_stride, value_stride, out_stride; // floats
  uint8_t *store;                   // keys of block 0, this layer, head 0
  int64_t block_bytes;              // from a block to the next
  int64_t head_bytes;               // from a head to the next, in keys and in values
  int64_t values_at;                // from a head's keys to its values
  int32_t type;
  int32_t heads, kv_heads, dimension, window;
  float scale, soft_cap;
  const int32_t *position;    // by row
  const int32_t *slot;        // by row: where its own key and value go
  const int32_t *linear;      // by row: so many first positions lie in slots of the same number
  const int32_t *ancestors_at;// by row: where the slots of its other positions begin
  const int32_t *ancestors;
  const int32_t *blocks_at;   // by row: where its sequence's block table begins
  const int32_t *blocks;
};

// One set of kernels, made for some instructions.
struct kernels {
  const char *name;
  int (*runs_here)(void);
  void (*product[FORMATS])(const struct product *p, const struct activations *x, int64_t rows, int64_t tiles);
  int64_t rounds_rows; // whether products with BF16 weights take bfloat16 rows
  void (*quantize)(const float *x, int64_t x_stride, int64_t rows, int64_t n, int8_t *levels, struct quantized_block *blocks,
                   int64_t stride);
  void (*to_bf16)(const float *x, int64_t x_stride, int64_t rows, int64_t n, uint16_t *out, int64_t stride);
  void (*rms_norm)(const float *x, const float *gains, int64_t n, float epsilon, float *y);
  void (*gate)(int64_t activation, float *gate, const float *up, int64_t stride, int64_t rows, int64_t columns);
  void (*add)(float *x, const float *delta, float factor, int64_t n);
  int64_t (*copy_finite)(const float *x, float *y, int64_t n);
  void (*exponentials)(float *x, int64_t n);
  float (*highest)(const float *x, int64_t n);
  void (*rotate)(float *x, int64_t stride, int64_t rows, int64_t heads, int64_t dimension, int64_t pairs, const float *cosines,
                 const float *sines, int64_t interleaved);
  void (*store)(const struct attention *a, int64_t first, int64_t rows, int64_t kv_head);
  void (*attend)(const struct attention *a, int64_t first, int64_t rows, int64_t kv_head, float *scratch);
  double (*int8_peak)(int64_t rounds);
  int64_t (*read_stream)(const uint8_t *memory, int64_t bytes);
};
