package dev.demotic.langchain4j;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;

/** How the hidden states of a text's tokens become one vector. */
public enum Pooling {
    /** Their mean. */
    MEAN,
    /** That of the last token, which has seen all others. */
    LAST;

    /**
     * One vector of length 1.
     *
     * @param states {@code rows} × {@code width} floats
     */
    float[] pool(MemorySegment states, int rows, int width) {
        double[] sum = new double[width];
        for (int row = this == LAST ? rows - 1 : 0; row < rows; row++) {
            for (int i = 0; i < width; i++) {
                sum[i] += states.getAtIndex(JAVA_FLOAT, (long) row * width + i);
            }
        }
        double squares = 0;
        for (double value : sum) {
            squares += value * value;
        }
        double scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
        float[] vector = new float[width];
        for (int i = 0; i < width; i++) {
            vector[i] = (float) (sum[i] * scale);
        }
        return vector;
    }
}
