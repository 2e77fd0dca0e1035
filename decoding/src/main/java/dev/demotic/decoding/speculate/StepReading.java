package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.TokenLogprobs;
import java.lang.foreign.MemorySegment;

/**
 * A reasoning step as the large model read it, and the question after it.
 *
 * @param step the tokens of the step; at least one
 * @param question the tokens of the question, if the judge has one
 * @param logits what the large model put out: after 0 before the step's first token, after i before the next one
 */
@SuppressWarnings("ArrayRecordComponent")
public record StepReading(int[] step, int[] question, NodeLogits logits) {
    /** The large model's log probability of a token of the step after all that is before it, in nats: its own, unprocessed. */
    public double logProbability(int i) {
        return TokenLogprobs.of(logits.after(i), step[i], 0).logprob();
    }

    /** The logits after the question. */
    public MemorySegment answer() {
        return logits.after(step.length + question.length);
    }
}
