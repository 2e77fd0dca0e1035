package dev.demotic.runtime.backend;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Cosines and sines of the rotary embedding (Su et al., RoFormer, 2021) for the positions of a step's rows.
 *
 * <p>Computed from a row's position alone, once for each position, for all layers that share the frequencies.
 */
public final class RopeTable {
    private final double[] frequencies;
    private final float magnitude;
    private final boolean interleaved;
    private final Arena arena = Arena.ofAuto();
    private MemorySegment cosines = MemorySegment.NULL;
    private MemorySegment sines = MemorySegment.NULL;
    /** The same by position, for positions before {@link #known}. */
    private float[] knownCosines = new float[0];

    private float[] knownSines = new float[0];
    private int known;

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
            int position = step.position[row];
            know(position);
            int at = row * pairs;
            MemorySegment.copy(knownCosines, position * pairs, cosines, JAVA_FLOAT, 4L * at, pairs);
            MemorySegment.copy(knownSines, position * pairs, sines, JAVA_FLOAT, 4L * at, pairs);
        }
    }

    /** Computes the angles of all positions up to this one that were never needed before. */
    private void know(int position) {
        int pairs = frequencies.length;
        if ((position + 1) * pairs > knownCosines.length) {
            int room = Math.max((position + 1) * pairs, 2 * knownCosines.length);
            knownCosines = Arrays.copyOf(knownCosines, room);
            knownSines = Arrays.copyOf(knownSines, room);
        }
        for (; known <= position; known++) {
            for (int i = 0; i < pairs; i++) {
                double angle = known * frequencies[i];
                knownCosines[known * pairs + i] = (float) (Math.cos(angle) * magnitude);
                knownSines[known * pairs + i] = (float) (Math.sin(angle) * magnitude);
            }
        }
    }
}
