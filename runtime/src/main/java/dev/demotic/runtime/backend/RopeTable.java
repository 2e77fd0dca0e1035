package dev.demotic.runtime.backend;

import java.util.Arrays;

/**
 * Cosines and sines of the rotary embedding (Su et al., RoFormer, 2021) for the positions of a step's rows.
 *
 * <p>Computed from a row's position alone, once a step, for all layers that share the frequencies.
 */
public final class RopeTable {
    private final double[] frequencies;
    private final float magnitude;
    private final boolean interleaved;
    private float[] cosines = new float[0];
    private float[] sines = new float[0];

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

    /** Cosines by row and pair. */
    public float[] cosines() {
        return cosines;
    }

    /** Sines by row and pair. */
    public float[] sines() {
        return sines;
    }

    /** Fills the table for the rows of a step. */
    public void prepare(Step step) {
        int pairs = frequencies.length;
        if (cosines.length < step.rows * pairs) {
            cosines = Arrays.copyOf(cosines, Math.max(step.rows * pairs, 2 * cosines.length));
            sines = Arrays.copyOf(sines, cosines.length);
        }
        for (int row = 0; row < step.rows; row++) {
            for (int i = 0; i < pairs; i++) {
                double angle = step.position[row] * frequencies[i];
                cosines[row * pairs + i] = (float) (Math.cos(angle) * magnitude);
                sines[row * pairs + i] = (float) (Math.sin(angle) * magnitude);
            }
        }
    }
}
