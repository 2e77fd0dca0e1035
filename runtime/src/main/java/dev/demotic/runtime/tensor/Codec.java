package dev.demotic.runtime.tensor;

import java.lang.foreign.*;

public interface Codec {
    void dequantize(MemorySegment src, long off, float[] dst, int at, int n);

    static Codec of(TensorType t) {
        return switch (t) {
            case F32 -> (s, o, d, at, n) -> MemorySegment.copy(s, ValueLayout.JAVA_FLOAT_UNALIGNED, o, d, at, n);
            case BF16 ->
                (s, o, d, at, n) -> {
                    for (int i = 0; i < n; i++)
                        d[at + i] = Float.intBitsToFloat(s.get(ValueLayout.JAVA_SHORT_UNALIGNED, o + 2L * i) << 16);
                };
            case F16 ->
                (s, o, d, at, n) -> {
                    for (int i = 0; i < n; i++)
                        d[at + i] = Float.float16ToFloat(s.get(ValueLayout.JAVA_SHORT_UNALIGNED, o + 2L * i));
                };
            case Q8_0 ->
                (s, o, d, at, n) -> {
                    for (int b = 0; b < n; b += 32, o += 34) {
                        float f = Float.float16ToFloat(s.get(ValueLayout.JAVA_SHORT_UNALIGNED, o));
                        for (int i = 0; i < 32; i++) d[at + b + i] = f * s.get(ValueLayout.JAVA_BYTE, o + 2 + i);
                    }
                };
            default -> throw new IllegalStateException();
        };
    }
}
