package dev.demotic.runtime.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;

/** Functions of many floats at once: by the native kernels where there are any, and the same bits without. */
public final class VectorFunctions {
    private static final List<NativeLibrary.KernelSet> SETS = NativeLibrary.sets();

    private VectorFunctions() {}

    /**
     * Replaces the first {@code count} floats by their exponentials, within 2 units in the last place; those beyond the range of
     * normal floats become its ends.
     */
    public static void exp(float[] x, int count) {
        Objects.checkFromIndexSize(0, count, x.length);
        if (SETS.isEmpty()) {
            for (int i = 0; i < count; i++) {
                x[i] = FloatMath.exp(x[i]);
            }
            return;
        }
        exp(SETS.getFirst(), x, count);
    }

    static void exp(NativeLibrary.KernelSet set, float[] x, int count) {
        try {
            NativeLibrary.EXPONENTIALS.invokeExact(set.address(), MemorySegment.ofArray(x), (long) count);
        } catch (Throwable thrown) {
            throw NativeLibrary.failed(thrown);
        }
    }

    /** The highest of the floats from..end-1, of which there is one at least and none that is no number. */
    public static float highest(MemorySegment x, int from, int end) {
        Objects.checkFromToIndex(from, end, x.byteSize() / Float.BYTES);
        if (SETS.isEmpty()) {
            float highest = x.getAtIndex(JAVA_FLOAT, from);
            for (int i = from + 1; i < end; i++) {
                highest = Math.max(highest, x.getAtIndex(JAVA_FLOAT, i));
            }
            return highest;
        }
        return highest(SETS.getFirst(), x, from, end);
    }

    static float highest(NativeLibrary.KernelSet set, MemorySegment x, int from, int end) {
        try {
            return (float) NativeLibrary.HIGHEST.invokeExact(set.address(), x, (long) from, (long) end);
        } catch (Throwable thrown) {
            throw NativeLibrary.failed(thrown);
        }
    }
}
