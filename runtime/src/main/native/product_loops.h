// The loops of one product: over panels of tiles that stay in the cache, over chunks of rows, over tiles. Included once for
// each format, after FORMAT, NAME and a function `sums` that computes R rows by T tiles.

#define CHUNK(R) JOIN(JOIN(NAME, rows), R)
#define DEFINE_CHUNK(R)                                                                                                   \
  static void CHUNK(R)(const struct product *p, const struct activations *x, int64_t row, int64_t tile, int64_t end) {    \
    for (; tile + TILES(R) <= end; tile += TILES(R)) sums(FORMAT, R, TILES(R), p, x, row, tile);                          \
    for (; TILES(R) > 1 && tile < end; tile++) sums(FORMAT, R, 1, p, x, row, tile);                                       \
  }
DEFINE_CHUNK(1)
DEFINE_CHUNK(2)
DEFINE_CHUNK(3)
DEFINE_CHUNK(4)
#if MOST_ROWS > 4
DEFINE_CHUNK(5)
DEFINE_CHUNK(6)
DEFINE_CHUNK(7)
DEFINE_CHUNK(8)
#endif
#if MOST_ROWS > 8
DEFINE_CHUNK(9)
DEFINE_CHUNK(10)
DEFINE_CHUNK(11)
DEFINE_CHUNK(12)
DEFINE_CHUNK(13)
DEFINE_CHUNK(14)
DEFINE_CHUNK(15)
DEFINE_CHUNK(16)
#endif

void KERNEL(JOIN(product, NAME))(const struct product *p, const struct activations *x, int64_t rows, int64_t tiles) {
  static void (*const chunk[])(const struct product *, const struct activations *, int64_t, int64_t, int64_t) = {
      0, CHUNK(1), CHUNK(2), CHUNK(3), CHUNK(4),
#if MOST_ROWS > 4
      CHUNK(5), CHUNK(6), CHUNK(7), CHUNK(8),
#endif
#if MOST_ROWS > 8
      CHUNK(9), CHUNK(10), CHUNK(11), CHUNK(12), CHUNK(13), CHUNK(14), CHUNK(15), CHUNK(16),
#endif
  };
  if (rows <= MOST_ROWS) {
    chunk[rows](p, x, 0, 0, tiles);
    return;
  }
  // Chunks of nearly equal size: a short one would pay for the weights like a long one.
  int64_t most = rows <= 2 * MOST_ROWS ? MOST_ROWS : PROMPT_ROWS;
  int64_t chunks = (rows + most - 1) / most;
  for (int64_t panel = 0; panel < tiles; panel += PANEL) {
    int64_t end = panel + PANEL < tiles ? panel + PANEL : tiles;
    for (int64_t i = 0; i < chunks; i++) {
      int64_t from = rows * i / chunks, to = rows * (i + 1) / chunks;
      chunk[to - from](p, x, from, panel, end);
    }
  }
}
#undef CHUNK
#undef DEFINE_CHUNK
#undef FORMAT
#undef NAME
