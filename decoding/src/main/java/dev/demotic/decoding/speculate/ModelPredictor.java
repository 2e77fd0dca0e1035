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
 * stay in its cache, what differs is cut off, the rest is fed. So a full acceptance needs no case of its own (the last draft
 * was drawn but never read, and is fed along with the bonus token), nor do rounds without a draft, nor a history whose last
 * tokens change, as that of a text in other tokens does.
 */
final class ModelPredictor implements Predictor {
    private final Sequence sequence;
    private final int vocabulary;
    private final TokenTree candidates = new TokenTree();
    private int evaluated;
    /** The tokens that the sequence holds. */
    private final int[] read;

    private @Nullable Outputs outputs;
    private long passes;

    /** @param capacity the most tokens that the target's context will have */
    ModelPredictor(LanguageModel model, int capacity) {
        sequence = model.newSequence(Math.min(model.context(), capacity));
        vocabulary = model.config().vocabulary();
        read = new int[sequence.capacity()];
    }

    @Override
    public boolean catchUp(TokenHistory history) {
        keepWhatCameTrue(history);
        candidates.clear();
        evaluated = 0;
        if (history.size() > sequence.capacity()) {
            return false;
        }
        int known = 0;
        // The pending token is fed in any case: its logits are needed.
        while (known < Math.min(sequence.length(), history.size() - 1) && read[known] == history.token(known)) {
            known++;
        }
        sequence.truncate(known);
        int[] unread = new int[history.size() - known];
        for (int i = 0; i < unread.length; i++) {
            unread[i] = history.token(known + i);
            if (unread[i] >= vocabulary) {
                return false;
            }
        }
        outputs = sequence.append(unread);
        System.arraycopy(unread, 0, read, known, unread.length);
        passes++;
        return true;
    }

    /** Commits the longest path of evaluated candidates that the history took. */
    private void keepWhatCameTrue(TokenHistory history) {
        int last = TokenTree.ROOT;
        int length = sequence.length();
        for (int node = 0; node < evaluated && length < history.size() - 1; node++) {
            if (candidates.parent(node) == last && candidates.token(node) == history.token(length)) {
                read[length++] = candidates.token(node);
                last = node;
            }
        }
        if (last != TokenTree.ROOT) {
            sequence.acceptPathTo(last);
        }
    }

    @Override
    public TokenTree candidates() {
        return candidates;
    }

    @Override
    public boolean evaluate() {
        int deepest = candidates.depth(candidates.size() - 1);
        if (sequence.length() + deepest >= sequence.capacity() || candidates.size() > SpeculativeDecoding.MAX_NODES) {
            return false;
        }
        outputs = sequence.forward(Pass.of(candidates).from(evaluated));
        evaluated = candidates.size();
        passes++;
        return true;
    }

    @Override
    public MemorySegment after(int node) {
        return outputs().logits(node == TokenTree.ROOT ? outputs().last() : node);
    }

    /** The draft model's most likely token after a candidate. */
    int mostLikely(int node) {
        return outputs().argmax(node == TokenTree.ROOT ? outputs().last() : node);
    }

    private Outputs outputs() {
        if (outputs == null) {
            throw new IllegalStateException("nothing was read yet");
        }
        return outputs;
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
