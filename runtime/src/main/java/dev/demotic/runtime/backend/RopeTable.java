package dev.demotic.runtime.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Cosines and sines of the rotary embedding (Su et al., RoFormer, 2021) for the positions of a step's rows.
 *
 * <p>Computed from a row's position alone, once a step, for all layers that share the frequencies.
 */
public final class RopeTable {
    private final double[] frequencies;
    private final float magnitude;
    private final boolean interleaved;
    private final Arena arena = Arena.ofAuto();
    private MemorySegment cosines = MemorySegment.NULL;
    private MemorySegment sines = MemorySegment.NULL;

    /**
     * @param frequencies radians a position, one for each rotated pair
     * @param magnitude factor of cosines and sines (YaRN's attention factor)
     * @param interleaved true if pairs are neighbours (GGUF's llama), false if halves of the rotated part
     */
    public RopeTable(double[] frequencies, float magnitude, boolean interleaved) {
        this.frequencies = frequencies.clone();
        this.magnitude = magnitude;
        this.interleaved = interleaved;
    }

    /** Pairs that are rotated in each head. */
    public int pairs() {
        return frequencies.length;
    }

    public boolean interleaved() {
        return interleaved;
    }

    /** Cosines by row and pair, as floats. */
    public MemorySegment cosines() {
        return cosines;
    }

    /** Sines by row and pair, as floats. */
    public MemorySegment sines() {
        return sines;
    }

    /** Fills the table for the rows of a step. */
    public void prepare(Step step) {
        int pairs = frequencies.length;
        long bytes = 4L * step.rows * pairs;
        if (cosines.byteSize() < bytes) {
            cosines = arena.allocate(Math.max(bytes, 2 * cosines.byteSize()), 64);
            sines = arena.allocate(cosines.byteSize(), 64);
        }
        for (int row = 0; row < step.rows; row++) {
            for (int i = 0; i < pairs; i++) {
                double angle = step.position[row] * frequencies[i];
                long at = (long) row * pairs + i;
                cosines.setAtIndex(ValueLayout.JAVA_FLOAT, at, (float) (Math.cos(angle) * magnitude));
                sines.setAtIndex(ValueLayout.JAVA_FLOAT, at, (float) (Math.sin(angle) * magnitude));
            }
        }
    }
}
