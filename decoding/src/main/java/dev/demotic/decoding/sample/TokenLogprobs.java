package dev.demotic.decoding.sample;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * How likely the model found a token and its alternatives: natural logarithms of the model's own distribution, before
 * temperature, penalties and truncation, as OpenAI and vLLM report them.
 *
 * @param token the token that was taken
 * @param logprob its log probability
 * @param alternatives the most likely tokens, most likely first; the taken one may be among them
 */
public record TokenLogprobs(int token, double logprob, List<Alternative> alternatives) {
    /** A token that could have been taken. */
    public record Alternative(int token, double logprob) {}

    /** Reads a row of logits. */
    public static TokenLogprobs of(MemorySegment row, int token, int alternatives) {
        int vocabulary = (int) (row.byteSize() / Float.BYTES);
        Softmax softmax = Softmax.of(row);
        return new TokenLogprobs(
                token,
                softmax.logProbability(row.getAtIndex(JAVA_FLOAT, token)),
                best(row, vocabulary, alternatives, softmax));
    }

    private static List<Alternative> best(MemorySegment row, int vocabulary, int count, Softmax softmax) {
        List<Alternative> best = new ArrayList<>(count + 1);
        for (int i = 0; i < vocabulary && count > 0; i++) {
            double logprob = softmax.logProbability(row.getAtIndex(JAVA_FLOAT, i));
            if (best.size() == count && logprob <= best.getLast().logprob()) {
                continue;
            }
            int at = best.size();
            while (at > 0 && best.get(at - 1).logprob() < logprob) {
                at--;
            }
            best.add(at, new Alternative(i, logprob));
            if (best.size() > count) {
                best.removeLast();
            }
        }
        return List.copyOf(best);
    }
}
