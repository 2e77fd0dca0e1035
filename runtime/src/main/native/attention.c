// Paged attention over the keys and values of a block store.
//
// A block holds 16 positions: keys as [dimension][slot], so that the scores of a block's slots are the lanes of vectors and no
// sum runs across lanes; values as [slot][dimension]. The rows of a sequence that share a call, and the query heads that share
// a key head, read each block once for all of them. A row's sums run over its own positions in ascending order, whatever else
// the call computes and wherever (draft tree or committed context) the positions lie.
#include "simd.h"
#include <math.h>

#define BLOCK 16
// Bytes of an element; of Q8, which has a float scale for each slot behind the levels of a block.
INLINE int64_t element_bytes(int type) { return type == KV_F32 ? 4 : type == KV_Q8 ? 1 : 2; }

INLINE vf load(int type, const uint8_t *at, int64_t i) {
  switch (type) {
    case KV_F32: return vf_load((const float *)at + i);
    case KV_F16: return vf_load_f16((const uint16_t *)at + i);
    case KV_BF16: return vf_load_bf16((const uint16_t *)at + i);
    default: return vf_load_i8((const int8_t *)at + i);
  }
}

INLINE float scalar(int type, const uint8_t *at, int64_t i) {
  switch (type) {
    case KV_F32: return ((const float *)at)[i];
    case KV_F16: return half_to_float(((const uint16_t *)at)[i]);
    case KV_BF16: return bf16_to_float(((const uint16_t *)at)[i]);
    default: return ((const int8_t *)at)[i];
  }
}

INLINE const uint8_t *keys_of(const struct attention *a, const int32_t *blocks, int64_t kv_head, int64_t block) {
  return a->store + blocks[block] * a->block_bytes + kv_head * a->head_bytes;
}

// The most queries whose scores are computed together, and whose values are: as many sums as the registers hold.
#if REGISTERS == 32
#define TOGETHER 12
#define WEIGHED_TOGETHER 6
#else
#define TOGETHER 8
#define WEIGHED_TOGETHER 4
#endif

// Lays Q queries side by side, dimension by dimension: what block_scores reads at once.
INLINE void interleave(int64_t Q, const float *const *query, int64_t dimension, float *side_by_side) {
  for (int64_t q = 0; q < Q; q++)
    for (int64_t d = 0; d < dimension; d++) side_by_side[d * Q + q] = query[q][d];
}

// Scores of Q interleaved queries with the keys of B blocks: a product and an addition a dimension, in order. Meanwhile the keys of
// the blocks after these are fetched, and their own values, which are needed next: blocks lie anywhere, so the processor does
// not foresee them.
INLINE void block_scores(int type, int Q, int B, const struct attention *a, const float *queries, float *const *score,
                         const uint8_t *const *keys, const uint8_t *const *next, int64_t at) {
  for (int lane = 0; lane < BLOCK; lane += LANES) {
    vf sums[4][TOGETHER];
#pragma GCC unroll 12
    for (int b = 0; b < B; b++)
#pragma GCC unroll 12
      for (int q = 0; q < Q; q++) sums[b][q] = vf_zero();
    for (int64_t d = 0; d < a->dimension; d++) {
#pragma GCC unroll 12
      for (int b = 0; b < B; b++) {
        vf key = load(type, keys[b], d * BLOCK + lane);
        if (lane == 0) {
          __builtin_prefetch(next[b] + d * BLOCK * element_bytes(type));
          __builtin_prefetch(keys[b] + a->values_at + d * BLOCK * element_bytes(type), 0, 2);
        }
#pragma GCC unroll 12
        for (int q = 0; q < Q; q++) sums[b][q] = vf_fma(key, vf_set(queries[d * Q + q]), sums[b][q]);
      }
    }
#pragma GCC unroll 12
    for (int b = 0; b < B; b++)
#pragma GCC unroll 12
      for (int q = 0; q < Q; q++) {
        if (type == KV_Q8)
          sums[b][q] = vf_mul(sums[b][q], vf_load((const float *)(keys[b] + a->dimension * BLOCK) + lane));
        vf_store(score[q] + at + b * BLOCK + lane, sums[b][q]);
      }
  }
}

// The scores of Q queries with the blocks from..end-1, at [0] for the first slot of `from`.
INLINE void scores_of(int type, int Q, const struct attention *a, const int32_t *blocks, int64_t kv_head,
                      const float *queries, float *const *score, int64_t from, int64_t end) {
  const int B = Q <= 3 ? 4 : Q <= 6 ? 2 : 1;
  const uint8_t *keys[4], *next[4];
  int64_t block = from;
  for (; block + B <= end; block += B) {
    for (int b = 0; b < B; b++) {
      keys[b] = keys_of(a, blocks, kv_head, block + b);
      next[b] = block + B + b < end ? keys_of(a, blocks, kv_head, block + B + b) : keys[b];
    }
    block_scores(type, Q, B, a, queries, score, keys, next, (block - from) * BLOCK);
  }
  for (; block < end; block++) {
    keys[0] = keys_of(a, blocks, kv_head, block);
    block_scores(type, Q, 1, a, queries, score, keys, keys, (block - from) * BLOCK);
  }
}

// out[q] += weight[q][p] * value for V vectors of dimensions from `d` on, over positions from..end-1 in the slots after them
// by `shift`.
INLINE void add_values(int type, int Q, int V, const struct attention *a, const int32_t *blocks, int64_t kv_head,
                       float *const *weight, float *const *out, int64_t from, int64_t end, int64_t shift, int64_t d) {
  vf sums[WEIGHED_TOGETHER][4];
#pragma GCC unroll 6
  for (int q = 0; q < Q; q++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) sums[q][v] = vf_load(out[q] + d + v * LANES);
  const int64_t row_bytes = a->dimension * element_bytes(type);
  for (int64_t p = from; p < end;) {
    const uint64_t slot = (uint64_t)(p + shift);
    const uint8_t *values = keys_of(a, blocks, kv_head, slot / BLOCK) + a->values_at;
    const uint8_t *row = values + slot % BLOCK * row_bytes;
    const float *scale = (const float *)(values + BLOCK * a->dimension) + slot % BLOCK;
    int64_t stop = p + BLOCK - slot % BLOCK;
    for (stop = stop < end ? stop : end; p < stop; p++, row += row_bytes, scale++) {
      vf value[4];
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) {
        value[v] = load(type, row, d + v * LANES);
        if (type == KV_Q8) value[v] = vf_mul(value[v], vf_set(*scale));
      }
#pragma GCC unroll 6
      for (int q = 0; q < Q; q++)
#pragma GCC unroll 4
        for (int v = 0; v < V; v++) sums[q][v] = vf_fma(vf_set(weight[q][p]), value[v], sums[q][v]);
    }
  }
#pragma GCC unroll 6
  for (int q = 0; q < Q; q++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) vf_store(out[q] + d + v * LANES, sums[q][v]);
}

// As add_values, for all dimensions.
INLINE void values_of(int type, int Q, const struct attention *a, const int32_t *blocks, int64_t kv_head,
                      float *const *weight, float *const *out, int64_t from, int64_t end, int64_t shift) {
  if (from >= end) return;
  const int V = LANES == 8 && Q > 2 ? 2 : 4;
  int64_t d = 0;
  for (; d + V * LANES <= a->dimension; d += V * LANES)
    add_values(type, Q, V, a, blocks, kv_head, weight, out, from, end, shift, d);
  for (; d + LANES <= a->dimension; d += LANES)
    add_values(type, Q, 1, a, blocks, kv_head, weight, out, from, end, shift, d);
  for (; d < a->dimension; d++)
    for (int q = 0; q < Q; q++)
      for (int64_t p = from; p < end; p++) {
        int64_t slot = p + shift;
        const uint8_t *values = keys_of(a, blocks, kv_head, slot / BLOCK) + a->values_at;
        float value = scalar(type, values, slot % BLOCK * a->dimension + d);
        if (type == KV_Q8) value *= ((const float *)(values + BLOCK * a->dimension))[slot % BLOCK];
        out[q][d] = fmaf(weight[q][p], value, out[q][d]);
      }
}

// Turns the scores of positions first..position, which stand at score[p], into exp(score - highest); returns their sum.
INLINE float softmax(const struct attention *a, float *score, int64_t first, int64_t position) {
  int64_t from = first / BLOCK * BLOCK, end = (position / BLOCK + 1) * BLOCK;
  for (int64_t p = from; p < first; p++) score[p] = -INFINITY;
  for (int64_t p = position + 1; p < end; p++) score[p] = -INFINITY;
  vf highest = vf_set(-INFINITY);
  for (int64_t p = from; p < end; p += LANES) {
    vf value = vf_mul(vf_load(score + p), vf_set(a->scale));
    if (a->soft_cap != 0) {
      // cap tanh(x / cap) = cap (1 - 2 / (1 + exp(2 x / cap))); a masked score must stay masked.
      vf_store(score + p, value);
      for (int i = 0; i < LANES; i++)
        if (score[p + i] != -INFINITY) score[p + i] = (float)(a->soft_cap * tanh(score[p + i] / a->soft_cap));
      value = vf_load(score + p);
    }
    vf_store(score + p, value);
    highest = vf_max(highest, value);
  }
  vf top = vf_set(vf_highest(highest)), sum = vf_zero();
  for (int64_t p = from; p < end; p += LANES) {
    vf_store(score + p, vf_exp(vf_sub(vf_load(score + p), top)));
    // exp is clamped to a tiny number above zero: masked positions are taken out.
    for (int64_t masked = p; masked < first && masked < p + LANES; masked++) score[masked] = 0;
    for (int64_t masked = p > position ? p : position + 1; masked < p + LANES; masked++) score[masked] = 0;
    sum = vf_add(sum, vf_load(score + p));
  }
  return vf_sum(sum);
}

// One query head of one row, and what is known of it.
struct query {
  float *score; // by position
  float *out;
  int64_t row, first, position, linear;
};

// The weighted values of Q queries: the positions that all of them have in the same slots together, the others one by one.
INLINE void weigh(int type, int Q, const struct attention *a, const int32_t *blocks, int64_t kv_head, const struct query *query) {
  float *score[WEIGHED_TOGETHER], *out[WEIGHED_TOGETHER];
  int64_t from = 0, end = INT64_MAX;
  for (int q = 0; q < Q; q++) {
    score[q] = query[q].score;
    out[q] = query[q].out;
    from = query[q].first > from ? query[q].first : from;
    end = query[q].linear < end ? query[q].linear : end;
  }
  if (end < from) end = from;
  for (int q = 0; q < Q; q++) {
    int64_t own = query[q].linear < from ? query[q].linear : from;
    values_of(type, 1, a, blocks, kv_head, score + q, out + q, query[q].first, own, 0);
  }
  values_of(type, Q, a, blocks, kv_head, score, out, from, end, 0);
  for (int q = 0; q < Q; q++) {
    int64_t linear = query[q].linear;
    values_of(type, 1, a, blocks, kv_head, score + q, out + q, linear < end ? linear : end, linear, 0);
    const int32_t *slots = a->ancestors + a->ancestors_at[query[q].row];
    for (int64_t p = linear > query[q].first ? linear : query[q].first; p <= query[q].position; p++)
      values_of(type, 1, a, blocks, kv_head, score + q, out + q, p, p + 1, slots[p - linear] - p);
  }
}

INLINE void clear(float *x, int64_t n) {
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) vf_store(x + i, vf_zero());
  for (; i < n; i++) x[i] = 0;
}

INLINE void divide(float *x, float by, int64_t n) {
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) vf_store(x + i, vf_div(vf_load(x + i), vf_set(by)));
  for (; i < n; i++) x[i] /= by;
}

INLINE int64_t first_visible(const struct attention *a, int64_t position) {
  return a->window && position >= a->window ? position - a->window + 1 : 0;
}

#define SCORES(Q) scores_of(type, Q, a, blocks, kv_head, side_by_side + q * a->dimension, score + q, from, end)

// Query heads from_head.. of a group, `heads` of them for each row; at most ATTENTION_QUERIES in all.
INLINE void attend_heads(int type, const struct attention *a, int64_t first_row, int64_t rows, int64_t kv_head,
                         int64_t from_head, int64_t heads, float *scratch) {
  const int32_t *blocks = a->blocks + a->blocks_at[first_row];
  struct query query[ATTENTION_QUERIES];
  const float *input[ATTENTION_QUERIES];
  float *score[ATTENTION_QUERIES];

  int64_t from = INT64_MAX, end = 0;
  for (int64_t row = first_row; row < first_row + rows; row++) {
    int64_t first = first_visible(a, a->position[row]);
    if (first / BLOCK < from) from = first / BLOCK;
    if (a->slot[row] / BLOCK + 1 > end) end = a->slot[row] / BLOCK + 1;
  }
  for (int64_t block = from; block < end && block < from + 4; block++)
    for (int64_t i = 0; i < a->dimension * BLOCK * element_bytes(type); i += 64)
      __builtin_prefetch(keys_of(a, blocks, kv_head, block) + i);

  int count = 0;
  for (int64_t row = first_row; row < first_row + rows; row++) {
    int64_t position = a->position[row];
    int64_t first = first_visible(a, position);
    int64_t linear = a->linear[row] <= position ? a->linear[row] : position + 1;
    for (int64_t head = from_head; head < from_head + heads; head++, count++) {
      query[count] = (struct query){0, a->out + row * a->out_stride + head * a->dimension, row, first, position, linear};
      input[count] = a->queries + row * a->query_stride + head * a->dimension;
    }
  }
  const int64_t span = (end - from) * BLOCK;
  for (int q = 0; q < count; q++) {
    score[q] = scratch + q * span;
    query[q].score = score[q] - from * BLOCK;
  }

  float *side_by_side = scratch + count * span;
  int q = 0;
  for (; q < count; q += TOGETHER)
    interleave(count - q < TOGETHER ? count - q : TOGETHER, input + q, a->dimension, side_by_side + q * a->dimension);
  for (q = 0; q + TOGETHER <= count; q += TOGETHER) SCORES(TOGETHER);
  switch (count - q) {
#if TOGETHER > 8
    case 11: SCORES(11); break;
    case 10: SCORES(10); break;
    case 9: SCORES(9); break;
    case 8: SCORES(8); break;
#endif
    case 7: SCORES(7); break;
    case 6: SCORES(6); break;
    case 5: SCORES(5); break;
    case 4: SCORES(4); break;
    case 3: SCORES(3); break;
    case 2: SCORES(2); break;
    case 1: SCORES(1); break;
  }

  float sum[ATTENTION_QUERIES];
  for (q = 0; q < count; q++) {
    // Scores were computed slot by slot. A position's slot never comes before the position, so moving forward overwrites
    // nothing that is needed.
    const int32_t *slots = a->ancestors + a->ancestors_at[query[q].row];
    for (int64_t p = query[q].linear; p <= query[q].position; p++)
      if (p >= query[q].first) query[q].score[p] = query[q].score[slots[p - query[q].linear]];
    sum[q] = softmax(a, query[q].score, query[q].first, query[q].position);
    clear(query[q].out, a->dimension);
  }

  for (q = 0; q + WEIGHED_TOGETHER <= count; q += WEIGHED_TOGETHER)
    weigh(type, WEIGHED_TOGETHER, a, blocks, kv_head, query + q);
  switch (count - q) {
#if WEIGHED_TOGETHER > 4
    case 5: weigh(type, 5, a, blocks, kv_head, query + q); break;
    case 4: weigh(type, 4, a, blocks, kv_head, query + q); break;
#endif
    case 3: weigh(type, 3, a, blocks, kv_head, query + q); break;
    case 2: weigh(type, 2, a, blocks, kv_head, query + q); break;
    case 1: weigh(type, 1, a, blocks, kv_head, query + q); break;
  }
  for (q = 0; q < count; q++) divide(query[q].out, sum[q], a->dimension);
}

INLINE void attend(int type, const struct attention *a, int64_t first, int64_t rows, int64_t kv_head, float *scratch) {
  const int64_t group = a->heads / a->kv_heads, most = ATTENTION_QUERIES / rows;
  for (int64_t head = 0; head < group; head += most)
    attend_heads(type, a, first, rows, kv_head, kv_head * group + head, group - head < most ? group - head : most, scratch);
}

void KERNEL(attend)(const struct attention *a, int64_t first, int64_t rows, int64_t kv_head, float *scratch) {
  switch (a->type) {
    case KV_F32: attend(KV_F32, a, first, rows, kv_head, scratch); break;
    case KV_F16: attend(KV_F16, a, first, rows, kv_head, scratch); break;
    case KV_BF16: attend(KV_BF16, a, first, rows, kv_head, scratch); break;
    default: attend(KV_Q8, a, first, rows, kv_head, scratch);
  }
}

// Writes one element of a key or value.
INLINE void put(int type, uint8_t *at, int64_t i, float x) {
  switch (type) {
    case KV_F32: ((float *)at)[i] = x; break;
    case KV_F16: ((uint16_t *)at)[i] = half_of(x); break;
    case KV_BF16: ((uint16_t *)at)[i] = bf16_of(x); break;
    default: ((int8_t *)at)[i] = (int8_t)lrintf(x);
  }
}

// Writes one head's key (a column of its block) or value (a row), for Q8 with its scale.
INLINE void store_head(int type, const struct attention *a, uint8_t *at, int64_t slot, int64_t step, const float *x) {
  int64_t start = step == 1 ? slot * a->dimension : slot, d = 0;
  float inverse = 1;
  if (type == KV_Q8) {
    float largest = 0;
    for (int64_t i = 0; i < a->dimension; i++) largest = fabsf(x[i]) > largest ? fabsf(x[i]) : largest;
    ((float *)(at + BLOCK * a->dimension))[slot] = largest / 127;
    inverse = largest > 1e-35f ? 127 / largest : 0;
  }
  if (type == KV_F16) {
    for (; d + LANES <= a->dimension; d += LANES) {
      uint16_t halves[LANES];
      vf_store_f16(step == 1 ? (uint16_t *)at + start + d : halves, vf_load(x + d));
      if (step != 1)
        UNROLL for (int i = 0; i < LANES; i++) ((uint16_t *)at)[start + (d + i) * step] = halves[i];
    }
  }
  for (; d < a->dimension; d++) put(type, at, start + d * step, type == KV_Q8 ? x[d] * inverse : x[d]);
}

// The keys and values of some rows for one key head.
INLINE void store(int type, const struct attention *a, int64_t first, int64_t rows, int64_t kv_head) {
  for (int64_t row = first; row < first + rows; row++) {
    int64_t slot = a->slot[row];
    uint8_t *at = a->store + a->blocks[a->blocks_at[row] + slot / BLOCK] * a->block_bytes + kv_head * a->head_bytes;
    store_head(type, a, at, slot % BLOCK, BLOCK, a->keys + row * a->key_stride + kv_head * a->dimension);
    store_head(type, a, at + a->values_at, slot % BLOCK, 1, a->values + row * a->value_stride + kv_head * a->dimension);
  }
}

void KERNEL(store)(const struct attention *a, int64_t first, int64_t rows, int64_t kv_head) {
  switch (a->type) {
    case KV_F32: store(KV_F32, a, first, rows, kv_head); break;
    case KV_F16: store(KV_F16, a, first, rows, kv_head); break;
    case KV_BF16: store(KV_BF16, a, first, rows, kv_head); break;
    default: store(KV_Q8, a, first, rows, kv_head);
  }
}
