package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.StepTiming;
import dev.demotic.runtime.TokenTree;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * A cheap imitation of the target that puts out logits: a draft model, heads on the target's hidden states.
 *
 * <p>A round begins with {@link #catchUp}. Then candidates are added and evaluated level by level. Used by one thread.
 */
public interface Predictor extends NodeLogits, AutoCloseable {
    /**
     * Reads what the history has gained; what was drafted and came true need not be read again. Then {@code after(ROOT)} gives
     * the logits after the pending token, the last of the history.
     *
     * @return false if the text is longer than it can read: no draft then
     */
    boolean catchUp(TokenHistory history);

    /** This round's candidates: the children of its {@link TokenTree#ROOT} continue the pending token. */
    TokenTree candidates();

    /**
     * Evaluates the candidates added since the last call; then {@code after} gives the logits after these, and those only.
     *
     * @return false if they are more than its context or a pass has room for: none were evaluated then
     */
    boolean evaluate();

    /**
     * The hidden state from which {@code after} gives the logits: as many floats as the model is wide, after the last layer and
     * before the final norm; empty if there is none, or none was asked for.
     */
    default MemorySegment hidden(int node) {
        return MemorySegment.NULL;
    }

    /** Makes the history, whose first {@code context} tokens are the context, end with the path to a candidate. */
    default void enter(int node, TokenHistory history, int context) {
        history.truncate(context);
        if (node != TokenTree.ROOT) {
            for (int step : candidates().path(node)) {
                history.add(candidates().token(step));
            }
        }
    }

    /** Says that this round's candidates are complete. */
    default void rest() {}

    /** The step that the last pass was part of, as far as that is known. */
    default Optional<StepTiming> step() {
        return Optional.empty();
    }

    /** The steps of this round's passes, in their order, as far as they are known. */
    default List<StepTiming> steps() {
        return List.of();
    }

    /** Told of every round, before the tree and the outputs are gone. */
    default void verified(Verification round) {}

    /** Passes so far. */
    long passes();

    @Override
    void close();
}
