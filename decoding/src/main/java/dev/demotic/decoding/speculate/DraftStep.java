package dev.demotic.decoding.speculate;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.decoding.sample.Softmax;
import java.lang.foreign.MemorySegment;

/**
 * A token that a draft model has just drawn, for a policy to judge.
 *
 * @param depth how many tokens the draft has, this one included
 * @param token the token
 * @param logits of the draft model where it was drawn
 * @param hidden the draft model's hidden state there, which has read the token before this one: as many floats as the model is
 *     wide, after the last layer and before the final norm; empty unless the policy reads hidden states and the drafter has them
 */
public record DraftStep(int depth, int token, MemorySegment logits, MemorySegment hidden) {
    /**
     * How sure the draft model was, by its own distribution, without temperature and truncation.
     *
     * @param probability of the token
     * @param entropy of the distribution, in nats
     */
    public record Confidence(double probability, double entropy) {}

    /** A step of a drafter without hidden states. */
    public DraftStep(int depth, int token, MemorySegment logits) {
        this(depth, token, logits, MemorySegment.NULL);
    }

    /** The draft model's own probability of the token, without temperature and truncation. */
    public double probability() {
        return confidence().probability();
    }

    /** How sure the draft model was; looks at every logit. */
    public Confidence confidence() {
        Softmax softmax = Softmax.of(logits);
        return new Confidence(
                Math.exp(softmax.logProbability(logits.getAtIndex(JAVA_FLOAT, token))), softmax.entropy());
    }
}
