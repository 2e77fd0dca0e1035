package dev.demotic.runtime.tensor;

/** Floats stored one by one; narrowing rounds to nearest even. */
enum FloatCodec implements Codec {
    F32 {
        @Override
        public void dequantize(byte[] blocks, int at, float[] values, int to, int count) {
            for (int i = 0; i < count; i++) {
                values[to + i] = Float.intBitsToFloat(LittleEndian.int32(blocks, at + 4 * i));
            }
        }

        @Override
        public void quantize(float[] values, int from, byte[] blocks, int at, int count) {
            for (int i = 0; i < count; i++) {
                LittleEndian.int32(blocks, at + 4 * i, Float.floatToRawIntBits(values[from + i]));
            }
        }
    },
    F16 {
        @Override
        public void dequantize(byte[] blocks, int at, float[] values, int to, int count) {
            for (int i = 0; i < count; i++) {
                values[to + i] = LittleEndian.half(blocks, at + 2 * i);
            }
        }

        @Override
        public void quantize(float[] values, int from, byte[] blocks, int at, int count) {
            for (int i = 0; i < count; i++) {
                LittleEndian.half(blocks, at + 2 * i, values[from + i]);
            }
        }
    },
    BF16 {
        @Override
        public void dequantize(byte[] blocks, int at, float[] values, int to, int count) {
            for (int i = 0; i < count; i++) {
                values[to + i] = Float.intBitsToFloat(LittleEndian.int16(blocks, at + 2 * i) << 16);
            }
        }

        @Override
        public void quantize(float[] values, int from, byte[] blocks, int at, int count) {
            for (int i = 0; i < count; i++) {
                int bits = Float.floatToRawIntBits(values[from + i]);
                int roundedToEven = bits + 0x7fff + (bits >>> 16 & 1);
                LittleEndian.int16(blocks, at + 2 * i, (short) (roundedToEven >>> 16));
            }
        }
    }
}
