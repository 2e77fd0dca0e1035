package dev.demotic.runtime;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.runtime.backend.cpu.VectorFunctions;
import java.lang.foreign.MemorySegment;

/** Functions of many floats at once, for what decoding makes of logits; the same bits on every processor. */
public final class VectorMath {
    private VectorMath() {}

    /** The highest of the floats from..end-1 of a row, of which there is one at least and none that is no number. */
    public static float highest(MemorySegment row, int from, int end) {
        return VectorFunctions.highest(row, from, end);
    }

    /** Which of the first {@code count} floats of a row is the highest; the first of those that tie. */
    public static int argmax(MemorySegment row, int count) {
        float highest = highest(row, 0, count);
        int at = 0;
        while (row.getAtIndex(JAVA_FLOAT, at) != highest) {
            at++;
        }
        return at;
    }

    /**
     * Replaces the first {@code count} floats by their exponentials, within 2 units in the last place; those beyond the range of
     * normal floats become its ends.
     */
    public static void exp(float[] x, int count) {
        VectorFunctions.exp(x, count);
    }
}
