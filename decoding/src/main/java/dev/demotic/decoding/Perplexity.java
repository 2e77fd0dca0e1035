package dev.demotic.decoding;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.decoding.sample.Softmax;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Pass;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.TokenTree;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.DoubleConsumer;

/**
 * How well a model predicts a text: exp of the mean negative log-likelihood of its tokens.
 *
 * <p>The text is cut into consecutive windows that know nothing of each other; a last, shorter one is left out.
 *
 * @param negativeLogLikelihood sum over the tokens that were predicted, in nats
 * @param tokens how many were predicted
 */
public record Perplexity(double negativeLogLikelihood, long tokens) {
    /** Rows of logits that are asked for at once. */
    private static final int CHUNK = 64;

    /** Which tokens of a window count. */
    public enum Scored {
        /** All but the first. */
        ALL,
        /** Those of the second half, which have at least half a window of context. */
        SECOND_HALF
    }

    public double value() {
        return Math.exp(negativeLogLikelihood / tokens);
    }

    /**
     * Measures a model on tokens.
     *
     * @param window tokens of a window; at least 2
     * @param progress takes the share done, from 0 to 1
     * @throws DemoticException if there is not one whole window
     */
    public static Perplexity of(LanguageModel model, int[] tokens, int window, Scored scored, DoubleConsumer progress) {
        if (window < 2 || window > model.context()) {
            throw new DemoticException(
                    "a window of %,d tokens does not fit the context of %,d; take 2 or more, up to that"
                            .formatted(window, model.context()));
        }
        int windows = tokens.length / window;
        if (windows == 0) {
            throw new DemoticException(
                    "the text has %,d tokens, less than one window of %,d; take a longer text or a shorter window"
                            .formatted(tokens.length, window));
        }
        int first = scored == Scored.ALL ? 1 : window / 2;
        double sum = 0;
        try (Sequence sequence = model.newSequence(window)) {
            for (int i = 0; i < windows; i++) {
                sequence.truncate(0);
                sum += window(sequence, Arrays.copyOfRange(tokens, i * window, (i + 1) * window), first);
                progress.accept((i + 1.0) / windows);
            }
        }
        return new Perplexity(sum, (long) windows * (window - first));
    }

    /** The negative log-likelihood of tokens {@code first} and after. */
    private static double window(Sequence sequence, int[] tokens, int first) {
        double sum = 0;
        for (int from = 0; from < tokens.length - 1; from += CHUNK) {
            int end = Math.min(from + CHUNK, tokens.length - 1);
            TokenTree chunk = TokenTree.chain(Arrays.copyOfRange(tokens, from, end));
            boolean isScored = end >= first;
            Outputs outputs =
                    sequence.forward(Pass.of(chunk).withLogits(isScored ? Pass.Logits.ALL : Pass.Logits.NONE));
            for (int i = from; i < end && isScored; i++) {
                if (i + 1 >= first) {
                    MemorySegment logits = outputs.logits(i - from);
                    sum -= Softmax.of(logits).logProbability(logits.getAtIndex(JAVA_FLOAT, tokens[i + 1]));
                }
            }
            sequence.acceptPathTo(chunk.size() - 1);
        }
        return sum;
    }
}
