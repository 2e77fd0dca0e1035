// What the machine can do at most: the products are measured against it.
#include "simd.h"

// Dot products of bytes on registers alone, pairs of them added up in 16 bits where the processor has no more; returns the
// operations done, two for each multiplication.
double KERNEL(int8_peak)(int64_t rounds) {
  enum { CHAINS = LANES == 8 ? 6 : 12 };
  const vi x = vi_four((const int8_t[]){1, 2, 3, 4});
  vi sums[CHAINS];
#pragma GCC unroll 16
  for (int i = 0; i < CHAINS; i++) sums[i] = vi_set(i);
  vi w = vi_set(0x03020103);
  for (int64_t n = 0; n < rounds; n++) {
#pragma GCC unroll 16
    for (int i = 0; i < CHAINS; i++) {
#ifdef BYTE_PAIRS
      sums[i] = vi_add_16(sums[i], vi_pairs(w, x));
#else
      sums[i] = vi_dot(sums[i], w, x);
#endif
      // Or the compiler would fold the rounds into one.
#if defined(__x86_64__)
      __asm__ volatile("" : "+v"(sums[i]), "+v"(w));
#else
      __asm__ volatile("" : "+w"(sums[i]), "+w"(w));
#endif
    }
  }
  vi all = sums[0];
  for (int i = 1; i < CHAINS; i++) all = vi_add(all, sums[i]);
  volatile int32_t sink[LANES];
  vi_store((void *)sink, all);
  return (double)rounds * CHAINS * LANES * 8;
}

// Reads memory from its start to its end; returns something that depends on all of it.
int64_t KERNEL(read_stream)(const uint8_t *memory, int64_t bytes) {
  vi a = vi_set(0), b = a, c = a, d = a;
  const int64_t vector = sizeof(vi);
  for (int64_t i = 0; i + 4 * vector <= bytes; i += 4 * vector) {
    a = vi_or(a, vi_load(memory + i));
    b = vi_or(b, vi_load(memory + i + vector));
    c = vi_or(c, vi_load(memory + i + 2 * vector));
    d = vi_or(d, vi_load(memory + i + 3 * vector));
  }
  int32_t lanes[LANES];
  vi_store(lanes, vi_or(vi_or(a, b), vi_or(c, d)));
  int64_t all = 0;
  for (int i = 0; i < LANES; i++) all |= lanes[i];
  return all;
}
