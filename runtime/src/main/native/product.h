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

// The most rows of one kernel, and how many tiles it takes at once: as many sums as the registers hold.
#if LANES == 16
#define MOST_ROWS 16
#define TILES(R) ((R) <= 2 ? 4 : (R) <= 6 ? 2 : 1)
#define PROMPT_ROWS 6
#elif LANES == 8
#define MOST_ROWS 4
#define TILES(R) ((R) == 1 ? 4 : (R) == 2 ? 2 : 1)
#define PROMPT_ROWS 4
#else
#define MOST_ROWS 8
#define TILES(R) ((R) <= 2 ? 4 : (R) <= 4 ? 2 : 1)
#define PROMPT_ROWS 4
#endif
#define MOST_TILES 4
// Tiles that stay in the cache while all rows of a long prompt go over them.
#define PANEL 8
