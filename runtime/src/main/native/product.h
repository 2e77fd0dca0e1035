// What the products of all formats share.
#pragma once
#include "simd.h"

// Stores the results of LANES weight rows from row `n` of the product on, of which the last may not exist.
INLINE void store_lanes(const struct product *p, int64_t row, int64_t n, vf sum) {
  float *y = p->y + row * p->y_stride + n;
  if (n + LANES <= p->width) {
    if (p->bias) sum = vf_add(sum, vf_load(p->bias + n));
    vf_store(y, p->add ? vf_add(vf_load(y), sum) : sum);
    return;
  }
  float lanes[LANES];
  vf_store(lanes, sum);
  for (int i = 0; n + i < p->width; i++) {
    float value = p->bias ? lanes[i] + p->bias[n + i] : lanes[i];
    y[i] = p->add ? y[i] + value : value;
  }
}

// The most rows of one kernel: as many sums as the registers hold, or nearly. More rows go over the weights in chunks: the first,
// which waits for memory, has most to compute; the others, for which the weights are in the cache, share the rest evenly.
//
// Up to twice as many rows go over the weights one tile at a time, as one stream that the processor's own prefetching follows
// too; several tiles at once are several streams, and slower. Long prompts compute more than they read: where one multiplication
// takes a whole group of columns, PROMPT_ROWS rows by PROMPT_TILES tiles need the fewest loads for each.
#if LANES == 16 && defined(QUANTIZED) && defined(BYTE_PAIRS)
#define MOST_ROWS 8
#elif LANES == 16
#define MOST_ROWS 16
#define PROMPT_ROWS 6
#define PROMPT_ROWS_LESS_1 5
#define PROMPT_TILES 2
#elif LANES == 8 && defined(QUANTIZED)
#define MOST_ROWS 10
#elif LANES == 8
#define MOST_ROWS 5
#else
#define MOST_ROWS 8
#define PROMPT_ROWS 4
#define PROMPT_ROWS_LESS_1 3
#define PROMPT_TILES 2
#endif
#define MOST_TILES 2
// Tiles that stay in the cache while all rows of a long prompt go over them.
#define PANEL 8
// Weights are fetched in two steps: into the second cache FAR bytes before they are used, and from there into the first NEAR bytes
// before. The first cache has too few lines on the way at once to wait for memory, and the processor's own prefetching stops at
// every page.
#define FAR 16384
#define NEAR 1024

INLINE void fetch_ahead(const uint8_t *w) {
  __builtin_prefetch(w + FAR, 0, 2);
  __builtin_prefetch(w + NEAR, 0, 3);
}
