// Prints what the products of each kernel set that runs here make of the same weights and rows: a line for each set and format.
// Built for two processors, it tells whether they agree bit for bit; check.sh does that.
#include "demotic.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct kernels *demotic_set(int64_t i);
const char *demotic_name(const struct kernels *set);
int64_t demotic_runs_here(const struct kernels *set);
void demotic_pack(int64_t format, const uint8_t *rows, int64_t row_bytes, int64_t count, int64_t columns, int64_t tiles,
                  int64_t tile_bytes, uint8_t *out);

// A format of weights: elements and bytes of a block in files, where its half-precision scales are, and its tiles (TileFormat.java).
static const struct {
  const char *name;
  int elements, bytes, scale, scales, step, step_bytes, super_bytes;
} formats[FORMATS] = {
    {"f32", 1, 4, 0, 0, 2, 8, 0},        {"f16", 1, 2, 0, 0, 2, 4, 0},        {"bf16", 1, 2, 0, 0, 4, 8, 0},
    {"q8_0", 32, 34, 0, 1, 32, 34, 0},   {"q4_0", 32, 18, 0, 1, 32, 18, 0},   {"q4_k", 256, 144, 0, 2, 32, 18, 4},
    {"q5_k", 256, 176, 0, 2, 32, 22, 4}, {"q6_k", 256, 210, 208, 1, 32, 26, 2},
};

#define COLUMNS 768
#define WIDTH 75 // cuts the last tile short
#define MOST_TILES ((WIDTH + TILE - 1) / TILE)
#define MOST_ROWS 45

static uint64_t state;
static uint32_t next_bits(void) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return (uint32_t)(state >> 16);
}
static float next_float(void) { return (float)((int)(next_bits() % 20001) - 10000) / 5000; }

static uint64_t hashed(uint64_t hash, const void *memory, size_t bytes) { // FNV-1a
  for (size_t i = 0; i < bytes; i++) hash = (hash ^ ((const uint8_t *)memory)[i]) * 1099511628211u;
  return hash;
}

// Random bits under scales that are small numbers.
static void fill(int format, uint8_t *weights) {
  for (int block = 0; block < COLUMNS / formats[format].elements * WIDTH; block++, weights += formats[format].bytes) {
    for (int i = 0; i < formats[format].bytes; i++) weights[i] = (uint8_t)next_bits();
    float value = next_float();
    uint16_t half = (uint16_t)(0x1c00 | (next_bits() & 0x83ff)), brain = (uint16_t)(0x3c00 | (next_bits() & 0x81ff));
    if (format == TILE_F32) memcpy(weights, &value, 4);
    else if (format == TILE_F16) memcpy(weights, &half, 2);
    else if (format == TILE_BF16) memcpy(weights, &brain, 2);
    for (int i = 0; i < formats[format].scales; i++) {
      uint16_t scale = (uint16_t)(0x1c00 | (next_bits() & 0x3ff));
      memcpy(weights + formats[format].scale + 2 * i, &scale, 2);
    }
  }
}

static void multiply(const struct kernels *set, int format, const uint8_t *tiles, int64_t tile_bytes, const float *x, int64_t rows,
                     float *y) {
  static int8_t levels[MOST_ROWS * COLUMNS];
  static struct quantized_block blocks[MOST_ROWS * COLUMNS / QUANT];
  struct activations a = {x, 0, COLUMNS};
  if (format >= TILE_Q8_0) {
    set->quantize(x, COLUMNS, rows, COLUMNS, levels, blocks, rows);
    a = (struct activations){levels, blocks, rows};
  }
  struct product p = {tiles, tile_bytes, COLUMNS, WIDTH, 0, y, WIDTH, 0};
  set->product[format](&p, &a, rows, MOST_TILES);
}

static int check(const struct kernels *set, int format) {
  static uint8_t weights[WIDTH * COLUMNS * 4], tiles[MOST_TILES * TILE * COLUMNS * 4 + 65536];
  static float x[MOST_ROWS * COLUMNS], alone[MOST_ROWS * WIDTH], together[MOST_ROWS * WIDTH];
  fill(format, weights);
  for (int i = 0; i < MOST_ROWS * COLUMNS; i++) x[i] = next_float();
  const int64_t row_bytes = COLUMNS / formats[format].elements * formats[format].bytes;
  const int64_t tile_bytes =
      TILE * (COLUMNS / formats[format].step * formats[format].step_bytes + COLUMNS / SUPER * formats[format].super_bytes);
  demotic_pack(format, weights, row_bytes, WIDTH, COLUMNS, MOST_TILES, tile_bytes, tiles);
  for (int row = 0; row < MOST_ROWS; row++) multiply(set, format, tiles, tile_bytes, x + row * COLUMNS, 1, alone + row * WIDTH);
  int unlike = 0;
  for (int rows = 1; rows <= MOST_ROWS; rows++) {
    multiply(set, format, tiles, tile_bytes, x, rows, together);
    unlike += memcmp(alone, together, sizeof(float) * rows * WIDTH) != 0;
  }
  printf("%s %s %016llx\n", demotic_name(set), formats[format].name,
         (unsigned long long)hashed(14695981039346656037u, alone, sizeof alone));
  if (unlike) fprintf(stderr, "%s %s: rows have other bits together than alone\n", demotic_name(set), formats[format].name);
  return unlike;
}

int main(void) {
  int unlike = 0;
  for (int64_t i = 0; demotic_set(i); i++)
    if (demotic_runs_here(demotic_set(i))) {
      state = 88172645463325252u;
      for (int format = 0; format < FORMATS; format++) unlike += check(demotic_set(i), format);
    }
  return unlike != 0;
}
