package dev.demotic.runtime.calibration;

import static dev.demotic.runtime.calibration.SecondMoment.TILE;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Rounds a row of weights to blocks of Q8_0 such that the errors cancel in what the matrix puts out: each column also takes the
 * error of the columns before it into account ({@link Feedback}), and each block has that of several scales which leaves least.
 *
 * <p>Used by one thread at a time.
 */
final class FeedbackRounding {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LEVELS = 127;
    /** Scales that are tried for a block, from the smallest that holds its values up to a tenth more. */
    private static final int SCALES = 16;

    private static final float LARGEST_SCALE = 1.1f;

    private final Feedback feedback;
    /** What the columns so far lack: weights less rounded weights. */
    private final float[] errors;

    private final float[] wanted = new float[TILE];
    private final float[] target = new float[TILE];
    private final float[] tried = new float[TILE];
    private final byte[] triedLevels = new byte[TILE];
    private final float[] blockErrors = new float[TILE];
    private final byte[] levels = new byte[TILE];
    private float scale;

    FeedbackRounding(Feedback feedback) {
        this.feedback = feedback;
        errors = new float[feedback.width()];
    }

    /**
     * Writes a row's blocks, 34 bytes each: a half-precision scale and 32 levels from -127 to 127.
     *
     * @param values holds the row from {@code from} on
     */
    void round(float[] values, int from, byte[] blocks, int at) {
        for (int first = 0; first < feedback.width(); first += TILE, at += 2 + TILE) {
            float[] panel = feedback.panel(first);
            System.arraycopy(values, from + first, wanted, 0, TILE);
            System.arraycopy(wanted, 0, target, 0, TILE);
            addFeedback(panel, first);
            chooseScale(panel, first);
            System.arraycopy(blockErrors, 0, errors, first, TILE);
            short half = Float.floatToFloat16(scale);
            blocks[at] = (byte) half;
            blocks[at + 1] = (byte) (half >> 8);
            System.arraycopy(levels, 0, blocks, at + 2, TILE);
        }
    }

    /** target += Uᵀ · errors of the columns before the block. */
    private void addFeedback(float[] panel, int columns) {
        for (int c = 0; c < TILE; c += SPECIES.length()) {
            FloatVector even = FloatVector.fromArray(SPECIES, target, c);
            FloatVector odd = FloatVector.zero(SPECIES);
            for (int j = 0; j < columns; j += 2) {
                even = FloatVector.fromArray(SPECIES, panel, j * TILE + c)
                        .fma(FloatVector.broadcast(SPECIES, errors[j]), even);
                odd = FloatVector.fromArray(SPECIES, panel, (j + 1) * TILE + c)
                        .fma(FloatVector.broadcast(SPECIES, errors[j + 1]), odd);
            }
            even.add(odd).intoArray(target, c);
        }
    }

    private void chooseScale(float[] panel, int first) {
        float peak = 0;
        for (float value : target) {
            peak = Math.max(peak, Math.abs(value));
        }
        float least = Float.POSITIVE_INFINITY;
        float before = -1;
        for (int i = 0; i < SCALES; i++) {
            float candidate = half(peak / LEVELS * (1 + (LARGEST_SCALE - 1) * i / (SCALES - 1)));
            if (candidate == before) {
                continue;
            }
            before = candidate;
            float cost = tryScale(candidate, panel, first, least);
            if (cost < least) {
                least = cost;
                scale = candidate;
                System.arraycopy(triedLevels, 0, levels, 0, TILE);
                for (int c = 0; c < TILE; c++) {
                    blockErrors[c] = wanted[c] - triedLevels[c] * candidate;
                }
            }
        }
    }

    /** What a scale costs, or something above {@code limit} as soon as it is more than that. */
    private float tryScale(float candidate, float[] panel, int first, float limit) {
        System.arraycopy(target, 0, tried, 0, TILE);
        float inverse = candidate == 0 ? 0 : 1 / candidate;
        float cost = 0;
        for (int c = 0; c < TILE && cost < limit; c++) {
            int level = Math.clamp(Math.round(tried[c] * inverse), -LEVELS, LEVELS);
            triedLevels[c] = (byte) level;
            float left = tried[c] - level * candidate;
            cost += left * left * feedback.cost(first + c);
            float error = wanted[c] - level * candidate;
            int row = (first + c) * TILE;
            for (int m = 0; m < TILE; m += SPECIES.length()) {
                FloatVector.fromArray(SPECIES, panel, row + m)
                        .fma(FloatVector.broadcast(SPECIES, error), FloatVector.fromArray(SPECIES, tried, m))
                        .intoArray(tried, m);
            }
        }
        return cost;
    }

    private static float half(float value) {
        return Float.float16ToFloat(Float.floatToFloat16(value));
    }
}
