package dev.demotic.runtime.tensor;

import java.util.Arrays;

/**
 * K-quants: super-blocks of 256 weights in groups of 16 or 32, where each group's scale (and for the affine types its
 * minimum) is itself quantized under the half-precision {@code d} (and {@code dmin}).
 *
 * <p>Layouts are ggml's ({@code ggml-common.h}).
 */
enum SuperBlockCodec implements Codec {
    /** {@code uint4 scale and min [16], uint2[256], d, dmin}: x = d·scale·q − dmin·min, groups of 16. */
    Q2_K {
        @Override
        public void dequantize(byte[] blocks, int at, float[] values, int to, int count) {
            byte[] levels = new byte[16];
            for (int end = to + count * SIZE; to < end; to += SIZE, at += 84) {
                float d = LittleEndian.half(blocks, at + 80);
                float dmin = LittleEndian.half(blocks, at + 82);
                for (int group = 0; group < 16; group++) {
                    float scale = d * (blocks[at + group] & 15);
                    float min = dmin * (blocks[at + group] >> 4 & 15);
                    int pairs = at + 16 + pairByte(group);
                    int shift = pairShift(group);
                    for (int i = 0; i < 16; i += 8) {
                        LittleEndian.int64(levels, i, fields(blocks, pairs + i, shift, PAIRS));
                    }
                    for (int i = 0, out = to + 16 * group; i < 16; i++) {
                        values[out + i] = scale * levels[i] - min;
                    }
                }
            }
        }

        @Override
        void quantize(float[] values, int from, byte[] blocks, int at) {
            AffineFit fit = AffineFit.of(values, from, 16, 3, 15);
            for (int group = 0; group < 16; group++) {
                blocks[at + group] = (byte) (fit.scales()[group] | fit.mins()[group] << 4);
            }
            packPairs(fit.levels(), blocks, at + 16);
            LittleEndian.half(blocks, at + 80, fit.d());
            LittleEndian.half(blocks, at + 82, fit.dmin());
        }
    },

    /** {@code uint1[256], uint2[256], int6 scale [16], d}: x = d·scale·(q − 4), groups of 16. */
    Q3_K {
        @Override
        public void dequantize(byte[] blocks, int at, float[] values, int to, int count) {
            byte[] levels = new byte[16];
            for (int end = to + count * SIZE; to < end; to += SIZE, at += 110) {
                float d = LittleEndian.half(blocks, at + 108);
                for (int group = 0; group < 16; group++) {
                    float scale = d * scale(blocks, at + 96, group);
                    int high = at + group % 2 * 16;
                    int highShift = group / 2;
                    int pairs = at + 32 + pairByte(group);
                    int shift = pairShift(group);
                    for (int i = 0; i < 16; i += 8) {
                        long low = fields(blocks, pairs + i, shift, PAIRS);
                        LittleEndian.int64(levels, i, low | fields(blocks, high + i, highShift, BITS) << 2);
                    }
                    for (int i = 0, out = to + 16 * group; i < 16; i++) {
                        values[out + i] = scale * (levels[i] - 4);
                    }
                }
            }
        }

        @Override
        void quantize(float[] values, int from, byte[] blocks, int at) {
            SymmetricFit fit = SymmetricFit.of(values, from, 4, 32);
            for (int i = 0; i < SIZE; i++) {
                blocks[at + i % 32] |= (byte) (fit.levels()[i] >> 2 << i / 32);
            }
            packPairs(fit.levels(), blocks, at + 32);
            for (int group = 0; group < 16; group++) {
                int scale = fit.scales()[group] + 32;
                blocks[at + 96 + group % 8] |= (byte) ((scale & 15) << group / 8 * 4);
                blocks[at + 104 + group % 4] |= (byte) (scale >> 4 << group / 4 * 2);
            }
            LittleEndian.half(blocks, at + 108, fit.d());
        }

        private static int scale(byte[] blocks, int at, int group) {
            int low = blocks[at + group % 8] >> group / 8 * 4 & 15;
            int high = blocks[at + 8 + group % 4] >> group / 4 * 2 & 3;
            return (low | high << 4) - 32;
        }
    },

    /** {@code d, dmin, uint6 scale and min [8], uint4[256]}: x = d·scale·q − dmin·min, groups of 32. */
    Q4_K {
        @Override
        public void dequantize(byte[] blocks, int at, float[] values, int to, int count) {
            byte[] levels = new byte[32];
            for (int end = to + count * SIZE; to < end; to += SIZE, at += 144) {
                float d = LittleEndian.half(blocks, at);
                float dmin = LittleEndian.half(blocks, at + 2);
                for (int group = 0; group < 8; group++) {
                    float scale = d * sixBitScale(blocks, at + 4, group);
                    float min = dmin * sixBitMin(blocks, at + 4, group);
                    int nibbles = at + 16 + group / 2 * 32;
                    int shift = group % 2 * 4;
                    for (int i = 0; i < 32; i += 8) {
                        LittleEndian.int64(levels, i, fields(blocks, nibbles + i, shift, NIBBLES));
                    }
                    for (int i = 0, out = to + 32 * group; i < 32; i++) {
                        values[out + i] = scale * levels[i] - min;
                    }
                }
            }
        }

        @Override
        void quantize(float[] values, int from, byte[] blocks, int at) {
            AffineFit fit = AffineFit.of(values, from, 32, 15, 63);
            LittleEndian.half(blocks, at, fit.d());
            LittleEndian.half(blocks, at + 2, fit.dmin());
            packSixBits(fit, blocks, at + 4);
            packNibbles(fit.levels(), blocks, at + 16);
        }
    },

    /** {@code d, dmin, uint6 scale and min [8], uint1[256], uint4[256]}: x = d·scale·q − dmin·min, groups of 32. */
    Q5_K {
        @Override
        public void dequantize(byte[] blocks, int at, float[] values, int to, int count) {
            byte[] levels = new byte[32];
            for (int end = to + count * SIZE; to < end; to += SIZE, at += 176) {
                float d = LittleEndian.half(blocks, at);
                float dmin = LittleEndian.half(blocks, at + 2);
                int high = at + 16;
                for (int group = 0; group < 8; group++) {
                    float scale = d * sixBitScale(blocks, at + 4, group);
                    float min = dmin * sixBitMin(blocks, at + 4, group);
                    int nibbles = at + 48 + group / 2 * 32;
                    int shift = group % 2 * 4;
                    for (int i = 0; i < 32; i += 8) {
                        long low = fields(blocks, nibbles + i, shift, NIBBLES);
                        LittleEndian.int64(levels, i, low | fields(blocks, high + i, group, BITS) << 4);
                    }
                    for (int i = 0, out = to + 32 * group; i < 32; i++) {
                        values[out + i] = scale * levels[i] - min;
                    }
                }
            }
        }

        @Override
        void quantize(float[] values, int from, byte[] blocks, int at) {
            AffineFit fit = AffineFit.of(values, from, 32, 31, 63);
            LittleEndian.half(blocks, at, fit.d());
            LittleEndian.half(blocks, at + 2, fit.dmin());
            packSixBits(fit, blocks, at + 4);
            for (int i = 0; i < SIZE; i++) {
                blocks[at + 16 + i % 32] |= (byte) (fit.levels()[i] >> 4 << i / 32);
            }
            packNibbles(fit.levels(), blocks, at + 48);
        }
    },

    /** {@code uint4[256], uint2[256], int8 scale [16], d}: x = d·scale·(q − 32), groups of 16. */
    Q6_K {
        @Override
        public void dequantize(byte[] blocks, int at, float[] values, int to, int count) {
            byte[] levels = new byte[16];
            for (int end = to + count * SIZE; to < end; to += SIZE, at += 210) {
                float d = LittleEndian.half(blocks, at + 208);
                for (int group = 0; group < 16; group++) {
                    float scale = d * blocks[at + 192 + group];
                    int nibbles = at + group / 8 * 64 + group % 4 * 16;
                    int nibbleShift = group % 8 / 4 * 4;
                    int pairs = at + 128 + pairByte(group);
                    int shift = pairShift(group);
                    for (int i = 0; i < 16; i += 8) {
                        long low = fields(blocks, nibbles + i, nibbleShift, NIBBLES);
                        LittleEndian.int64(levels, i, low | fields(blocks, pairs + i, shift, PAIRS) << 4);
                    }
                    for (int i = 0, out = to + 16 * group; i < 16; i++) {
                        values[out + i] = scale * (levels[i] - 32);
                    }
                }
            }
        }

        @Override
        void quantize(float[] values, int from, byte[] blocks, int at) {
            SymmetricFit fit = SymmetricFit.of(values, from, 32, 128);
            byte[] high = new byte[SIZE];
            for (int i = 0; i < SIZE; i++) {
                blocks[at + i / 128 * 64 + i % 64] |= (byte) ((fit.levels()[i] & 15) << i % 128 / 64 * 4);
                high[i] = (byte) (fit.levels()[i] >> 4);
            }
            packPairs(high, blocks, at + 128);
            for (int group = 0; group < 16; group++) {
                blocks[at + 192 + group] = (byte) fit.scales()[group];
            }
            LittleEndian.half(blocks, at + 208, fit.d());
        }
    };

    static final int SIZE = 256;

    private static final long BITS = 0x0101010101010101L;
    private static final long PAIRS = 3 * BITS;
    private static final long NIBBLES = 15 * BITS;

    @Override
    public void quantize(float[] values, int from, byte[] blocks, int at, int count) {
        int bytes = TensorType.valueOf(name()).blockBytes();
        Arrays.fill(blocks, at, at + count * bytes, (byte) 0);
        for (int block = 0; block < count; block++) {
            quantize(values, from + block * SIZE, blocks, at + block * bytes);
        }
    }

    /** Writes one block into zeroed bytes. */
    abstract void quantize(float[] values, int from, byte[] blocks, int at);

    /** The same field of eight bytes on end, a byte for each. */
    private static long fields(byte[] blocks, int at, int shift, long mask) {
        return LittleEndian.int64(blocks, at) >>> shift & mask;
    }

    // Two-bit fields: each half of 128 elements has 32 bytes, whose bit pairs hold its four runs of 32.

    private static int pairByte(int group) {
        return group / 8 * 32 + group % 2 * 16;
    }

    private static int pairShift(int group) {
        return group % 8 / 2 * 2;
    }

    private static void packPairs(byte[] levels, byte[] blocks, int at) {
        for (int i = 0; i < SIZE; i++) {
            blocks[at + i / 128 * 32 + i % 32] |= (byte) ((levels[i] & 3) << i % 128 / 32 * 2);
        }
    }

    // Four-bit fields of Q4_K and Q5_K: 32 bytes hold a run of 32 elements in their low halves, the next in the high.

    private static void packNibbles(byte[] levels, byte[] blocks, int at) {
        for (int i = 0; i < SIZE; i++) {
            blocks[at + i / 64 * 32 + i % 32] |= (byte) ((levels[i] & 15) << i % 64 / 32 * 4);
        }
    }

    // Six-bit scales and minima of eight groups in 12 bytes: those of groups 0-3 lie in the low six bits of bytes 0-3
    // and
    // 4-7; groups 4-7 keep their low four bits in bytes 8-11 and their upper two on top of bytes 0-3 and 4-7.

    private static int sixBitScale(byte[] blocks, int at, int group) {
        return group < 4
                ? blocks[at + group] & 63
                : blocks[at + group + 4] & 15 | (blocks[at + group - 4] >> 6 & 3) << 4;
    }

    private static int sixBitMin(byte[] blocks, int at, int group) {
        return group < 4
                ? blocks[at + group + 4] & 63
                : blocks[at + group + 4] >> 4 & 15 | (blocks[at + group] >> 6 & 3) << 4;
    }

    private static void packSixBits(AffineFit fit, byte[] blocks, int at) {
        for (int group = 0; group < 4; group++) {
            int scale = fit.scales()[group + 4];
            int min = fit.mins()[group + 4];
            blocks[at + group] = (byte) (fit.scales()[group] | scale >> 4 << 6);
            blocks[at + group + 4] = (byte) (fit.mins()[group] | min >> 4 << 6);
            blocks[at + group + 8] = (byte) (scale & 15 | (min & 15) << 4);
        }
    }
}
