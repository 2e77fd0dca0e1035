package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.DemoticException;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Drafts what followed the last words in earlier replies, by how often it did.
 *
 * <p>G. Oliaro et al., "SuffixDecoding: Extreme Speculative Decoding for Emerging AI Applications", 2024, arXiv 2411.04975. For every length
 * of match, the tree of its likeliest continuations is grown to as many tokens as the match has; the one that promises the
 * most accepted tokens is drafted. Replies are remembered, from request to request, up to a number of tokens.
 */
public final class PastReplies implements Drafter {
    private static final int DEPTH = 24;
    private static final double LEAST_PROBABILITY = 0.1;

    private final SuffixTree tree;

    /** Remembers the last 65,536 tokens. */
    public PastReplies() {
        this(1 << 16);
    }

    /** @throws DemoticException if it is to remember less than one token */
    public PastReplies(int tokens) {
        if (tokens < 1) {
            throw new DemoticException("past replies of " + tokens + " tokens in all; remember 1 or more");
        }
        tree = new SuffixTree(DEPTH, tokens);
    }

    /** Remembers a text that was not generated here, such as a document that replies are likely to quote. */
    public void remember(int[] text) {
        tree.add(text.clone());
    }

    @Override
    public String name() {
        return "past";
    }

    @Override
    public Session begin(Context context) {
        TokenHistory history = context.sampler().history();
        return new Session() {
            @Override
            public void propose(DraftTree draft) {
                PastReplies.this.propose(draft, history);
            }

            @Override
            public void close() {
                remember(last(history, history.size() - history.promptLength()));
            }
        };
    }

    private void propose(DraftTree draft, TokenHistory history) {
        List<SuffixTree.Step> best = List.of();
        double most = 0;
        for (int match = Math.min(DEPTH - 1, history.size()); match >= 1; match--) {
            List<SuffixTree.Step> steps = tree.continuations(last(history, match), match, LEAST_PROBABILITY);
            double promised =
                    steps.stream().mapToDouble(SuffixTree.Step::probability).sum();
            if (promised > most) {
                most = promised;
                best = steps;
            }
        }
        int[] nodes = new int[best.size()];
        for (int i = 0; i < nodes.length; i++) {
            SuffixTree.Step step = best.get(i);
            nodes[i] = draft.add(step.parent() < 0 ? DraftTree.ROOT : nodes[step.parent()], step.token());
        }
    }

    private static int[] last(TokenHistory history, int count) {
        return IntStream.range(history.size() - count, history.size())
                .map(history::token)
                .toArray();
    }
}
