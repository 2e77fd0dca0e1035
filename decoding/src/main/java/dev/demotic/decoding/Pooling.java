package dev.demotic.decoding;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Pass;
import dev.demotic.runtime.Sequence;
import java.lang.foreign.MemorySegment;

/** How the hidden states of a text's tokens, after the last layer, become one vector: its embedding. */
public enum Pooling {
    /** Their mean. */
    MEAN,
    /** That of the last token, which has seen all others. */
    LAST;

    /**
     * The embedding of a text: as many floats as the model is wide, scaled to length 1.
     *
     * @param tokens of the text; at least one
     * @throws dev.demotic.runtime.DemoticException if they are more than the context
     */
    public float[] embed(LanguageModel model, int[] tokens) {
        int last = model.config().layers() - 1;
        try (Sequence sequence = model.newGrowingSequence(tokens.length)) {
            Outputs outputs = sequence.forward(
                    Pass.of(tokens).withLogits(Pass.Logits.NONE).capturing(last));
            return pool(outputs.hidden(last), tokens.length, model.config().width());
        }
    }

    /** @param states {@code rows} × {@code width} floats */
    private float[] pool(MemorySegment states, int rows, int width) {
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
