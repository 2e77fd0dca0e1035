package dev.demotic.decoding.speculate;

import dev.demotic.decoding.DecodingMethod.Sink;
import dev.demotic.decoding.DraftRound;
import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.TokenTree;
import java.util.stream.IntStream;

/**
 * The tokens of {@link Pearl} that are on their way: a chain of the one emitted last, those pending, and the block that is being
 * drafted after them.
 *
 * <p>A step is {@link #unread}, then side by side {@link #draft} and the target's pass, then {@link #verify} and {@link #advance}.
 * The target has not read the block's first token when it is tested: the pass says what may stand in its place, and no more.
 */
final class PearlBlocks {
    private final AcceptanceRule rule;
    private final Chain chain;
    private final Drafter.Context context;
    private final Sampler sampler;
    private final Sink sink;
    private final DraftTree tree = new DraftTree();
    private final Distribution spare = new Distribution();

    /** The most tokens that may be drafted after the one emitted last. */
    private int room;
    /** Nodes that the target reads in this step. */
    private int read;
    /** The node after which a token was emitted last. */
    private int last;
    /** The node that holds that token, if it was drafted. */
    private int next;

    private int emitted;
    private long dropped;

    /**
     * @param context whose sampler draws for both sides, one after the other: for the drafter while it drafts, to verify after that
     * @param sink takes what comes true
     */
    PearlBlocks(AcceptanceRule rule, Chain chain, Drafter.Context context, Sink sink) {
        this.rule = rule;
        this.chain = chain;
        this.context = context;
        this.sink = sink;
        sampler = context.sampler();
    }

    /**
     * Starts with nothing pending.
     *
     * @param pending the token emitted last
     * @param most tokens that the target may read after that
     */
    void begin(int pending, int most) {
        room = most;
        tree.begin(pending, 0, SpeculativeDecoding.MAX_NODES, sink::endsWith);
    }

    /** Begins a step: what the target is to read, which is all that is there by now. */
    TokenTree unread() {
        read = tree.size();
        return TokenTree.chain(IntStream.range(0, read).map(tree::token).toArray());
    }

    /** Whether the target reads pending tokens in this step (post-verify), and not only the one emitted last (pre-verify). */
    boolean isPostVerify() {
        return read > 1;
    }

    /**
     * The drafter's side: drafts a block after all that is there. The history grows by the way there; the caller takes that back.
     *
     * @param tokens of the block; fewer where the text must end before
     */
    void draft(Predictor predictor, int tokens) {
        int end = tree.size() - 1;
        tree.limit(Math.min(room, end + tokens));
        TokenHistory history = sampler.history();
        for (int node = 1; node <= end; node++) {
            history.add(tree.token(node));
        }
        if (tree.mayGrow(end) && predictor.catchUp(history)) {
            chain.grow(tree, end, predictor, context);
            predictor.rest();
        }
    }

    /**
     * Tests what is pending, and then the first token of the block.
     *
     * @param target what its pass put out after each node that it read
     * @param counter is told what time goes to
     * @return false if the reply is complete
     */
    boolean verify(NodeLogits target, SpeculationCounter counter) {
        boolean goesOn = true;
        next = DraftTree.ROOT;
        while (goesOn && next != DraftTree.NONE && next < read) {
            last = next;
            emitted = rule.next(tree, last, target, sampler, spare);
            counter.spent(SpeculationCounter.Work.SAMPLING);
            goesOn = sink.accept(emitted, target.after(last));
            counter.spent(SpeculationCounter.Work.OTHER);
            next = tree.child(last, emitted);
        }
        counter.round(tree, tested(), last, next);
        return goesOn;
    }

    /** Ends a step: what was drafted after a token that was not taken is dropped, else the rest of the block is pending. */
    void advance() {
        room -= emittedTokens();
        if (next < read) {
            dropped += tree.size() - tested();
            tree.begin(emitted, 0, SpeculativeDecoding.MAX_NODES, sink::endsWith);
        } else {
            tree.advance(next);
        }
    }

    /** Tokens that this step emitted. */
    int emittedTokens() {
        return tree.depth(last) + 1;
    }

    /** Tokens that this step drafted. */
    int draftedTokens() {
        return tree.size() - read;
    }

    /** Between steps: tokens drafted so far that the target never came to, those that are left included. */
    long dropped() {
        return dropped + tree.size() - 1;
    }

    /** The node after which a token was emitted last: so far, what the target read came true. */
    int last() {
        return last;
    }

    /** What became of this step's tokens, after {@link #verify}. */
    DraftRound outcome(NodeLogits target, String drafter, PearlReport.Step times) {
        return tree.outcome(tested(), last, emitted, target, drafter, times.draftSeconds(), times.targetSeconds());
    }

    /** Nodes of this step that could come true: what the target read, and the block's first token. */
    private int tested() {
        return Math.min(tree.size(), read + 1);
    }
}
