package dev.demotic.runtime;

import dev.demotic.runtime.backend.cpu.Exponentials;

/** Functions of many floats at once, for what decoding makes of logits; the same bits on every processor. */
public final class VectorMath {
    private VectorMath() {}

    /**
     * Replaces the first {@code count} floats by their exponentials, within 2 units in the last place; those beyond the range of
     * normal floats become its ends.
     */
    public static void exp(float[] x, int count) {
        Exponentials.replace(x, count);
    }
}
