package dev.demotic.runtime.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * e^x of many floats at once, within 2 units in the last place: by the native kernels where there are any, and the same bits
 * without.
 */
public final class Exponentials {
    private static final List<NativeLibrary.KernelSet> SETS = NativeLibrary.sets();

    private Exponentials() {}

    /** Replaces the first {@code count} floats by their exponentials; those beyond the range of normal floats become its ends. */
    public static void replace(float[] x, int count) {
        if (count > x.length) {
            throw new IndexOutOfBoundsException(count + " of " + x.length + " floats");
        }
        if (SETS.isEmpty()) {
            for (int i = 0; i < count; i++) {
                x[i] = FloatMath.exp(x[i]);
            }
            return;
        }
        replace(SETS.getFirst(), x, count);
    }

    static void replace(NativeLibrary.KernelSet set, float[] x, int count) {
        try {
            NativeLibrary.EXPONENTIALS.invokeExact(set.address(), MemorySegment.ofArray(x), (long) count);
        } catch (Throwable thrown) {
            throw NativeLibrary.failed(thrown);
        }
    }
}
