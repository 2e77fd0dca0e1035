package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Pass;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.TokenTree;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A draft model with a sequence of its own.
 *
 * <p>The sequence is brought up to the history at the start of a round, whatever happened since: candidates that came true
 * stay in its cache, the rest is fed. So a full acceptance needs no case of its own (the last draft was drawn but never
 * read, and is fed along with the bonus token), nor do rounds without a draft.
 */
final class ModelPredictor implements Predictor {
    private final Sequence sequence;
    private final int vocabulary;
    private TokenTree candidates = new TokenTree();
    private int evaluated;
    private @Nullable Outputs outputs;
    private long passes;

    /** @param capacity the most tokens that the target's context will have */
    ModelPredictor(LanguageModel model, int capacity) {
        sequence = model.newSequence(Math.min(model.context(), capacity));
        vocabulary = model.config().vocabulary();
    }

    @Override
    public boolean catchUp(TokenHistory history) {
        int last = cameTrue(history);
        if (last != TokenTree.ROOT) {
            sequence.acceptPathTo(last);
        }
        candidates = new TokenTree();
        evaluated = 0;
        int[] unread = new int[history.size() - sequence.length()];
        for (int i = 0; i < unread.length; i++) {
            unread[i] = history.token(sequence.length() + i);
            if (unread[i] >= vocabulary) {
                return false;
            }
        }
        if (history.size() > sequence.capacity()) {
            return false;
        }
        outputs = sequence.append(unread);
        passes++;
        return true;
    }

    /** The deepest evaluated candidate whose path the history took; the pending token, whose logits are needed, is left to feed. */
    private int cameTrue(TokenHistory history) {
        int last = TokenTree.ROOT;
        int length = sequence.length();
        for (int node = 0; node < evaluated && length < history.size() - 1; node++) {
            if (candidates.parent(node) == last && candidates.token(node) == history.token(length)) {
                last = node;
                length++;
            }
        }
        return last;
    }

    @Override
    public TokenTree candidates() {
        return candidates;
    }

    @Override
    public boolean evaluate() {
        int deepest = candidates.depth(candidates.size() - 1);
        if (sequence.length() + deepest >= sequence.capacity()) {
            return false;
        }
        outputs = sequence.forward(Pass.of(candidates).from(evaluated));
        evaluated = candidates.size();
        passes++;
        return true;
    }

    @Override
    public MemorySegment after(int node) {
        if (outputs == null) {
            throw new IllegalStateException("nothing was read yet");
        }
        return outputs.logits(node == TokenTree.ROOT ? outputs.last() : node);
    }

    @Override
    public long passes() {
        return passes;
    }

    @Override
    public void close() {
        sequence.close();
    }
}
