// What is done to rows of activations.
#include "simd.h"
#include <math.h>

INLINE void quantize_row(const float *x, int64_t n, int8_t *levels, struct quantized_block *blocks, int64_t stride) {
  for (int64_t b = 0; b < n / QUANT; b++, x += QUANT, levels += QUANT * stride, blocks += stride) {
    vf magnitude = vf_abs(vf_load(x));
    for (int i = LANES; i < QUANT; i += LANES) magnitude = vf_max(magnitude, vf_abs(vf_load(x + i)));
    float largest = vf_highest(magnitude);
    // A block so small that its inverse overflows counts as zero.
    vf inverse = vf_set(largest > 1e-35f ? 127 / largest : 0);
    for (int i = 0; i < QUANT; i += LANES) vi_store_i8(levels + i, vi_round(vf_mul(vf_load(x + i), inverse)));
    int32_t first = sum_of_16(levels), sum = first + sum_of_16(levels + 16);
    float scale = largest / 127;
    *blocks = (struct quantized_block){scale, -128 * sum, scale * (float)sum, -32 * first};
  }
}

// Quantizes `n` columns of rows in blocks of 32: scale = largest magnitude / 127, levels rounded to nearest. Rows lie side by side;
// from a block of columns to the next lie `stride` others.
void KERNEL(quantize)(const float *x, int64_t x_stride, int64_t rows, int64_t n, int8_t *levels, struct quantized_block *blocks,
                      int64_t stride) {
  for (int64_t row = 0; row < rows; row++) quantize_row(x + row * x_stride, n, levels + row * QUANT, blocks + row, stride);
}

void KERNEL(to_bf16)(const float *x, int64_t x_stride, int64_t rows, int64_t n, uint16_t *out, int64_t stride) {
  for (int64_t row = 0; row < rows; row++, x += x_stride, out += stride)
    for (int64_t i = 0; i < n; i++) out[i] = bf16_of(x[i]);
}

void KERNEL(rms_norm)(const float *x, const float *gains, int64_t n, float epsilon, float *y) {
  int64_t whole = n / LANES * LANES;
  vf a = vf_zero(), b = vf_zero();
  int64_t i = 0;
  for (; i + 2 * LANES <= whole; i += 2 * LANES) {
    vf p = vf_load(x + i), q = vf_load(x + i + LANES);
    a = vf_fma(p, p, a);
    b = vf_fma(q, q, b);
  }
  for (; i < whole; i += LANES) a = vf_fma(vf_load(x + i), vf_load(x + i), a);
  float squares = vf_sum(vf_add(a, b));
  for (i = whole; i < n; i++) squares = fmaf(x[i], x[i], squares);
  float factor = (float)(1 / sqrt(squares / (double)n + epsilon));
  for (i = 0; i < whole; i += LANES)
    vf_store(y + i, vf_mul(vf_mul(vf_load(x + i), vf_set(factor)), vf_load(gains + i)));
  for (; i < n; i++) y[i] = x[i] * factor * gains[i];
}

// x = e^x.
void KERNEL(exponentials)(float *x, int64_t n) {
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) vf_store(x + i, vf_exp(vf_load(x + i)));
  if (i < n) {
    float last[LANES] = {0};
    __builtin_memcpy(last, x + i, (n - i) * sizeof(float));
    vf_store(last, vf_exp(vf_load(last)));
    __builtin_memcpy(x + i, last, (n - i) * sizeof(float));
  }
}

float KERNEL(highest)(const float *x, int64_t n) {
  float highest = x[0];
  int64_t i = 0;
  if (n >= 4 * LANES) {
    // A maximum alone would wait for the one before.
    vf a = vf_load(x), b = vf_load(x + LANES), c = vf_load(x + 2 * LANES), d = vf_load(x + 3 * LANES);
    for (i = 4 * LANES; i + 4 * LANES <= n; i += 4 * LANES) {
      a = vf_max(a, vf_load(x + i));
      b = vf_max(b, vf_load(x + i + LANES));
      c = vf_max(c, vf_load(x + i + 2 * LANES));
      d = vf_max(d, vf_load(x + i + 3 * LANES));
    }
    highest = vf_highest(vf_max(vf_max(a, b), vf_max(c, d)));
  }
  for (; i < n; i++) highest = x[i] > highest ? x[i] : highest;
  return highest;
}

// x / (1 + exp(-u)): SiLU with u = x, GELU (tanh form) with u a cubic of x.
INLINE vf activated(int64_t activation, vf x) {
  vf u = x;
  if (activation) {
    vf cubic = vf_fma(vf_mul(vf_set(0.044715f), x), x, vf_set(1));
    u = vf_mul(vf_set(2 * 0.7978845608f), vf_mul(x, cubic));
  }
  return vf_div(x, vf_add(vf_set(1), vf_exp(vf_sub(vf_zero(), u))));
}

INLINE void gate_row(int64_t activation, float *gate, const float *up, int64_t n) {
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) vf_store(gate + i, vf_mul(activated(activation, vf_load(gate + i)), vf_load(up + i)));
  if (i < n) {
    float last[LANES] = {0};
    __builtin_memcpy(last, gate + i, (n - i) * sizeof(float));
    vf_store(last, activated(activation, vf_load(last)));
    for (int j = 0; i < n; i++, j++) gate[i] = last[j] * up[i];
  }
}

void KERNEL(gate)(int64_t activation, float *gate, const float *up, int64_t stride, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; row++) gate_row(activation, gate + row * stride, up + row * stride, columns);
}

void KERNEL(add)(float *x, const float *delta, float factor, int64_t n) {
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) vf_store(x + i, vf_fma(vf_set(factor), vf_load(delta + i), vf_load(x + i)));
  for (; i < n; i++) x[i] = fmaf(factor, delta[i], x[i]);
}

// Copies and tells whether all are numbers: 0 * x is 0 for these alone.
int64_t KERNEL(copy_finite)(const float *x, float *y, int64_t n) {
  vf zeros = vf_zero();
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    vf value = vf_load(x + i);
    zeros = vf_fma(value, vf_zero(), zeros);
    vf_store(y + i, value);
  }
  float rest = 0;
  for (; i < n; i++) {
    rest += 0 * x[i];
    y[i] = x[i];
  }
  return vf_sum(zeros) + rest == 0;
}

// Rotates pairs of the heads of one row: neighbours if interleaved, else halves of the rotated part.
INLINE void rotate_row(float *restrict x, int64_t heads, int64_t dimension, int64_t pairs, const float *restrict cosines,
                       const float *restrict sines, int interleaved) {
  const int64_t step = interleaved ? 2 : 1, partner = interleaved ? 1 : pairs;
  for (int64_t head = 0; head < heads; head++, x += dimension)
    for (int64_t i = 0; i < pairs; i++) {
      float a = x[i * step], b = x[i * step + partner];
      x[i * step] = a * cosines[i] - b * sines[i];
      x[i * step + partner] = b * cosines[i] + a * sines[i];
    }
}

void KERNEL(rotate)(float *x, int64_t stride, int64_t rows, int64_t heads, int64_t dimension, int64_t pairs, const float *cosines,
                    const float *sines, int64_t interleaved) {
  // Each form has a loop of its own: steps that the compiler knows become vectors.
  for (int64_t row = 0; row < rows; row++, x += stride, cosines += pairs, sines += pairs)
    if (interleaved) rotate_row(x, heads, dimension, pairs, cosines, sines, 1);
    else rotate_row(x, heads, dimension, pairs, cosines, sines, 0);
}
