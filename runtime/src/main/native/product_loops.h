// The loops of one product: over panels of tiles that stay in the cache, over chunks of rows, over tiles. Included once for
// each format, after FORMAT, NAME and a function `sums` that computes R rows by T tiles.

#define ROWS(R) JOIN(JOIN(NAME, rows), R)
#define PROMPT(R) JOIN(JOIN(NAME, prompt), R)
#define DEFINE_ROWS(R)                                                                                                    \
  static void ROWS(R)(const struct product *p, const struct activations *x, int64_t row, int64_t tile, int64_t end) {     \
    for (; tile < end; tile++) sums(FORMAT, R, 1, p, x, row, tile);                                                       \
  }
#define DEFINE_PROMPT(R)                                                                                                  \
  static void PROMPT(R)(const struct product *p, const struct activations *x, int64_t row, int64_t tile, int64_t end) {   \
    for (; tile + PROMPT_TILES <= end; tile += PROMPT_TILES) sums(FORMAT, R, PROMPT_TILES, p, x, row, tile);              \
    for (; tile < end; tile++) sums(FORMAT, R, 1, p, x, row, tile);                                                       \
  }
DEFINE_ROWS(1)
DEFINE_ROWS(2)
DEFINE_ROWS(3)
DEFINE_ROWS(4)
#if MOST_ROWS > 4
DEFINE_ROWS(5)
#endif
#if MOST_ROWS > 5
DEFINE_ROWS(6)
DEFINE_ROWS(7)
DEFINE_ROWS(8)
#endif
#if MOST_ROWS > 8
DEFINE_ROWS(9)
DEFINE_ROWS(10)
#endif
#if MOST_ROWS > 10
DEFINE_ROWS(11)
DEFINE_ROWS(12)
DEFINE_ROWS(13)
DEFINE_ROWS(14)
DEFINE_ROWS(15)
DEFINE_ROWS(16)
#endif
#ifdef PROMPT_ROWS
DEFINE_PROMPT(PROMPT_ROWS_LESS_1)
DEFINE_PROMPT(PROMPT_ROWS)
#endif

void KERNEL(JOIN(product, NAME))(const struct product *p, const struct activations *x, int64_t rows, int64_t tiles) {
  static void (*const few[])(const struct product *, const struct activations *, int64_t, int64_t, int64_t) = {
      0, ROWS(1), ROWS(2), ROWS(3), ROWS(4),
#if MOST_ROWS > 4
      ROWS(5),
#endif
#if MOST_ROWS > 5
      ROWS(6), ROWS(7), ROWS(8),
#endif
#if MOST_ROWS > 8
      ROWS(9), ROWS(10),
#endif
#if MOST_ROWS > 10
      ROWS(11), ROWS(12), ROWS(13), ROWS(14), ROWS(15), ROWS(16),
#endif
  };
  if (rows <= MOST_ROWS) {
    few[rows](p, x, 0, 0, tiles);
    return;
  }
  for (int64_t panel = 0; panel < tiles; panel += PANEL) {
    int64_t end = panel + PANEL < tiles ? panel + PANEL : tiles;
#ifdef PROMPT_ROWS
    if (rows > 2 * MOST_ROWS) {
      // All chunks have PROMPT_ROWS rows or one less.
      const int64_t chunks = (rows + PROMPT_ROWS - 1) / PROMPT_ROWS;
      for (int64_t i = 0; i < chunks; i++) {
        int64_t from = rows * i / chunks, count = rows * (i + 1) / chunks - from;
        (count == PROMPT_ROWS ? PROMPT(PROMPT_ROWS) : PROMPT(PROMPT_ROWS_LESS_1))(p, x, from, panel, end);
      }
      continue;
    }
#endif
    int64_t count = MOST_ROWS, chunks = (rows + MOST_ROWS - 1) / MOST_ROWS;
    for (int64_t from = 0; from < rows; from += count, chunks--) {
      if (from > 0) count = (rows - from + chunks - 1) / chunks;
      few[count](p, x, from, panel, end);
    }
  }
}
#undef ROWS
#undef PROMPT
#undef DEFINE_ROWS
#undef DEFINE_PROMPT
#undef FORMAT
#undef NAME
