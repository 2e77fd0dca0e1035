package dev.demotic.runtime.tensor;

/**
 * Blocks of 32 weights under one half-precision scale {@code d}, and for the affine types an offset {@code m}.
 *
 * <p>Element i sits in the low half of byte i, element i + 16 in the high half; five-bit types keep the fifth bits of all 32
 * elements in one little-endian word {@code qh}. Layouts and rounding are ggml's ({@code ggml-common.h}).
 */
enum BlockCodec implements Codec {
    /** {@code d, int8[32]}: x = d·q. */
    Q8_0 {
        @Override
        public void dequantize(byte[] blocks, int at, float[] values, int to, int count) {
            for (int end = to + count * SIZE; to < end; to += SIZE, at += 34) {
                float d = LittleEndian.half(blocks, at);
                for (int i = 0; i < SIZE; i++) {
                    values[to + i] = blocks[at + 2 + i] * d;
                }
            }
        }

        @Override
        public void quantize(float[] values, int from, byte[] blocks, int at, int count) {
            for (int end = from + count * SIZE; from < end; from += SIZE, at += 34) {
                float d = Math.abs(peak(values, from)) / 127;
                float inverse = inverse(d);
                LittleEndian.half(blocks, at, d);
                for (int i = 0; i < SIZE; i++) {
                    float level = values[from + i] * inverse;
                    blocks[at + 2 + i] = (byte) (level < 0 ? -Math.round(-level) : Math.round(level));
                }
            }
        }
    },

    /** {@code d, uint4[32]}: x = d·(q − 8). */
    Q4_0 {
        @Override
        public void dequantize(byte[] blocks, int at, float[] values, int to, int count) {
            for (int end = to + count * SIZE; to < end; to += SIZE, at += 18) {
                float d = LittleEndian.half(blocks, at);
                for (int i = 0; i < SIZE / 2; i++) {
                    int pair = blocks[at + 2 + i];
                    values[to + i] = ((pair & 15) - 8) * d;
                    values[to + i + SIZE / 2] = ((pair >> 4 & 15) - 8) * d;
                }
            }
        }

        @Override
        public void quantize(float[] values, int from, byte[] blocks, int at, int count) {
            for (int end = from + count * SIZE; from < end; from += SIZE, at += 18) {
                float d = peak(values, from) / -8;
                LittleEndian.half(blocks, at, d);
                pack(levels(values, from, 0, d, 8, 15), blocks, at + 2);
            }
        }
    },

    /** {@code d, m, uint4[32]}: x = d·q + m. */
    Q4_1 {
        @Override
        public void dequantize(byte[] blocks, int at, float[] values, int to, int count) {
            for (int end = to + count * SIZE; to < end; to += SIZE, at += 20) {
                float d = LittleEndian.half(blocks, at);
                float m = LittleEndian.half(blocks, at + 2);
                for (int i = 0; i < SIZE / 2; i++) {
                    int pair = blocks[at + 4 + i];
                    values[to + i] = (pair & 15) * d + m;
                    values[to + i + SIZE / 2] = (pair >> 4 & 15) * d + m;
                }
            }
        }

        @Override
        public void quantize(float[] values, int from, byte[] blocks, int at, int count) {
            for (int end = from + count * SIZE; from < end; from += SIZE, at += 20) {
                float m = minimum(values, from);
                float d = (maximum(values, from) - m) / 15;
                LittleEndian.half(blocks, at, d);
                LittleEndian.half(blocks, at + 2, m);
                pack(levels(values, from, m, d, 0, 15), blocks, at + 4);
            }
        }
    },

    /** {@code d, qh, uint4[32]}: x = d·(q − 16). */
    Q5_0 {
        @Override
        public void dequantize(byte[] blocks, int at, float[] values, int to, int count) {
            for (int end = to + count * SIZE; to < end; to += SIZE, at += 22) {
                float d = LittleEndian.half(blocks, at);
                int high = LittleEndian.int32(blocks, at + 2);
                for (int i = 0; i < SIZE / 2; i++) {
                    int pair = blocks[at + 6 + i];
                    values[to + i] = ((pair & 15 | (high >>> i & 1) << 4) - 16) * d;
                    values[to + i + SIZE / 2] = ((pair >> 4 & 15 | (high >>> i + 16 & 1) << 4) - 16) * d;
                }
            }
        }

        @Override
        public void quantize(float[] values, int from, byte[] blocks, int at, int count) {
            for (int end = from + count * SIZE; from < end; from += SIZE, at += 22) {
                float d = peak(values, from) / -16;
                byte[] levels = levels(values, from, 0, d, 16, 31);
                LittleEndian.half(blocks, at, d);
                LittleEndian.int32(blocks, at + 2, fifthBits(levels));
                pack(levels, blocks, at + 6);
            }
        }
    },

    /** {@code d, m, qh, uint4[32]}: x = d·q + m. */
    Q5_1 {
        @Override
        public void dequantize(byte[] blocks, int at, float[] values, int to, int count) {
            for (int end = to + count * SIZE; to < end; to += SIZE, at += 24) {
                float d = LittleEndian.half(blocks, at);
                float m = LittleEndian.half(blocks, at + 2);
                int high = LittleEndian.int32(blocks, at + 4);
                for (int i = 0; i < SIZE / 2; i++) {
                    int pair = blocks[at + 8 + i];
                    values[to + i] = (pair & 15 | (high >>> i & 1) << 4) * d + m;
                    values[to + i + SIZE / 2] = (pair >> 4 & 15 | (high >>> i + 16 & 1) << 4) * d + m;
                }
            }
        }

        @Override
        public void quantize(float[] values, int from, byte[] blocks, int at, int count) {
            for (int end = from + count * SIZE; from < end; from += SIZE, at += 24) {
                float m = minimum(values, from);
                float d = (maximum(values, from) - m) / 31;
                byte[] levels = levels(values, from, m, d, 0, 31);
                LittleEndian.half(blocks, at, d);
                LittleEndian.half(blocks, at + 2, m);
                LittleEndian.int32(blocks, at + 4, fifthBits(levels));
                pack(levels, blocks, at + 8);
            }
        }
    };

    private static final int SIZE = 32;

    /** The value of largest magnitude, with its sign: it decides which end of the range gets the extra level. */
    private static float peak(float[] values, int from) {
        float peak = 0;
        for (int i = 0; i < SIZE; i++) {
            if (Math.abs(values[from + i]) > Math.abs(peak)) {
                peak = values[from + i];
            }
        }
        return peak;
    }

    private static float minimum(float[] values, int from) {
        float minimum = values[from];
        for (int i = 1; i < SIZE; i++) {
            minimum = Math.min(minimum, values[from + i]);
        }
        return minimum;
    }

    private static float maximum(float[] values, int from) {
        float maximum = values[from];
        for (int i = 1; i < SIZE; i++) {
            maximum = Math.max(maximum, values[from + i]);
        }
        return maximum;
    }

    private static float inverse(float d) {
        return d == 0 ? 0 : 1 / d;
    }

    /** The nearest level of each value: {@code (x − m) / d + zero}. */
    private static byte[] levels(float[] values, int from, float m, float d, int zero, int last) {
        float inverse = inverse(d);
        byte[] levels = new byte[SIZE];
        for (int i = 0; i < SIZE; i++) {
            levels[i] = (byte) Math.min(last, (int) ((values[from + i] - m) * inverse + zero + 0.5f));
        }
        return levels;
    }

    private static void pack(byte[] levels, byte[] blocks, int at) {
        for (int i = 0; i < SIZE / 2; i++) {
            blocks[at + i] = (byte) (levels[i] & 15 | (levels[i + SIZE / 2] & 15) << 4);
        }
    }

    private static int fifthBits(byte[] levels) {
        int bits = 0;
        for (int i = 0; i < SIZE; i++) {
            bits |= (levels[i] >> 4) << i;
        }
        return bits;
    }
}
