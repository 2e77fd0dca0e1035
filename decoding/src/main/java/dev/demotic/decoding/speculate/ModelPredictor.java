package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Pass;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.StepTiming;
import dev.demotic.runtime.TokenTree;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A draft model with a sequence of its own.
 *
 * <p>The sequence is brought up to the history at the start of a round, whatever happened since: candidates that came true
 * stay in its cache, what differs is cut off, the rest is fed. So a full acceptance needs no case of its own (the last draft
 * was drawn but never read, and is fed along with the bonus token), nor do rounds without a draft, nor a history whose last
 * tokens change, as that of a text in other tokens does.
 *
 * <p>Where its model's KV cache has no room it does not draft, rather than wait: the target goes on without it.
 *
 * <p>It need not read a long text from the beginning: with a window it starts that many tokens before the end, and starts over so
 * when it has fallen behind by more, or when its context is full. What it guesses is the worse for it, and the sooner there.
 */
final class ModelPredictor implements Predictor {
    private final Sequence sequence;
    private final int vocabulary;
    private final int window;
    /** The last layer if its hidden states are wanted, else nothing. */
    private final int[] captures;

    private final TokenTree candidates = new TokenTree();
    private int evaluated;
    /** Where in the history the sequence begins. */
    private int start;
    /** The tokens that the sequence holds, as far as it is long. */
    private final int[] read;

    private final List<StepTiming> steps = new ArrayList<>();
    private @Nullable Outputs outputs;
    private long passes;

    /**
     * Reads texts from the beginning.
     *
     * @param capacity the most tokens that the target's context will have
     */
    ModelPredictor(LanguageModel model, int capacity) {
        this(model, capacity, Integer.MAX_VALUE, false);
    }

    /**
     * Reads the end of texts.
     *
     * @param capacity the most tokens that the target's context will have
     * @param window the most tokens to read at once; {@code Integer.MAX_VALUE} to read texts from the beginning
     * @param keepsHidden whether hidden states will be asked for
     */
    ModelPredictor(LanguageModel model, int capacity, int window, boolean keepsHidden) {
        sequence = model.newGrowingSequence(Math.min(model.context(), capacity));
        this.window = window;
        vocabulary = model.config().vocabulary();
        captures = keepsHidden ? new int[] {model.config().layers() - 1} : new int[0];
        read = new int[sequence.capacity()];
    }

    /** Sees at once to room for the longest text that it can come to read; false if there is none now. */
    boolean reserve() {
        return sequence.reserve(sequence.capacity());
    }

    @Override
    public boolean catchUp(TokenHistory history) {
        keepWhatCameTrue(history);
        candidates.clear();
        steps.clear();
        evaluated = 0;
        int known = known(history);
        if (isOutOfReach(history, known)) {
            start = Math.max(0, history.size() - window);
            known = 0;
        }
        sequence.truncate(known);
        int length = history.size() - start;
        if (length > sequence.capacity() || !sequence.reserve(length)) {
            return false;
        }
        for (int i = known; i < length; i++) {
            read[i] = history.token(start + i);
            if (read[i] >= vocabulary) {
                return false;
            }
        }
        if (known == 0 && window == Integer.MAX_VALUE) {
            known = sequence.takeCached(Arrays.copyOf(read, length));
        }
        run(Pass.of(Arrays.copyOfRange(read, known, length)));
        sequence.acceptPathTo(outputs().last());
        return true;
    }

    /** How many tokens of the sequence the history still has; the pending token is fed in any case, for its logits. */
    private int known(TokenHistory history) {
        int known = 0;
        int most = Math.min(sequence.length(), history.size() - 1 - start);
        while (known < most && read[known] == history.token(start + known)) {
            known++;
        }
        return known;
    }

    private boolean isOutOfReach(TokenHistory history, int known) {
        int length = history.size() - start;
        return length < 1 || length - known > window || length > sequence.capacity() && window < sequence.capacity();
    }

    /** Commits the longest path of evaluated candidates that the history took. */
    private void keepWhatCameTrue(TokenHistory history) {
        int last = TokenTree.ROOT;
        int length = sequence.length();
        for (int node = 0; node < evaluated && start + length < history.size() - 1; node++) {
            if (candidates.parent(node) == last && candidates.token(node) == history.token(start + length)) {
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
        run(Pass.of(candidates).from(evaluated));
        evaluated = candidates.size();
        return true;
    }

    private void run(Pass pass) {
        Outputs result = sequence.forward(capturing(pass));
        outputs = result;
        steps.add(result.step());
        passes++;
    }

    private Pass capturing(Pass pass) {
        return captures.length == 0 ? pass : pass.capturing(captures);
    }

    @Override
    public MemorySegment after(int node) {
        return outputs().logits(row(node));
    }

    @Override
    public MemorySegment hidden(int node) {
        return captures.length == 0 ? MemorySegment.NULL : outputs().hidden(captures[0], row(node));
    }

    private int row(int node) {
        return node == TokenTree.ROOT ? outputs().last() : node;
    }

    /** The draft model's most likely token after a candidate. */
    int mostLikely(int node) {
        return outputs().argmax(row(node));
    }

    private Outputs outputs() {
        if (outputs == null) {
            throw new IllegalStateException("nothing was read yet");
        }
        return outputs;
    }

    @Override
    public void rest() {
        sequence.rest();
    }

    @Override
    public Optional<StepTiming> step() {
        return Optional.ofNullable(outputs).map(Outputs::step);
    }

    @Override
    public List<StepTiming> steps() {
        return List.copyOf(steps);
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
