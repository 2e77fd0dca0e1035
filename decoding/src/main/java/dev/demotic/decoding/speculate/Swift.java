package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Pass;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.TokenTree;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;

/**
 * The target drafts for itself with some of its layers skipped, and searches meanwhile for those that it misses least.
 *
 * <p>H. Xia et al., "SWIFT: On-the-Fly Self-Speculative Decoding for LLM Inference Acceleration", ICLR 2025, arXiv 2410.06916. The drafted
 * nodes lie in the target's own sequence and are written anew by its verifying pass, so nothing of the draft is left behind.
 * How long to draft is the policy's: {@link WhileConfident} is the paper's. Unlike there, whole layers are skipped, not
 * attention and feed-forward apart, and drafts are point masses at every temperature, so that the text of a seed is plain
 * decoding's whatever the search has found by then.
 */
public final class Swift implements Drafter {
    private final LayerSearch search;
    private final int choices;
    private final int window;
    private final int interval;

    Swift(LayerSearch search, int choices, int window, int interval) {
        this.search = search;
        this.choices = choices;
        this.window = window;
        this.interval = interval;
    }

    /**
     * Sets it up for a target.
     *
     * @param skip the share of the layers between the first and the last that is skipped
     * @param choices the most tokens to offer at each depth; the surer the draft, the fewer
     * @param window tokens that a set of layers is scored on
     * @param interval rounds from one trial to the next; each wants room for a second sequence in the KV cache
     * @param trials the most sets to try; 0 for no search
     * @throws dev.demotic.runtime.DemoticException if the target has fewer than three layers
     */
    public static Swift of(LanguageModel target, double skip, int choices, int window, int interval, int trials) {
        return new Swift(new LayerSearch(target.config().layers(), skip, trials), choices, window, interval);
    }

    @Override
    public String name() {
        return "swift";
    }

    @Override
    public Session begin(Context context) {
        return new Reply(context);
    }

    private final class Reply implements Session {
        private final Context context;
        private final Sequence sequence;
        private final Sampler sampler;
        private final TokenTree spine = new TokenTree();
        private final Distribution likely = new Distribution();
        private int sinceTrial;
        private long passes;

        private Reply(Context context) {
            this.context = context;
            sequence = context.target();
            sampler = context.sampler();
        }

        @Override
        public void propose(DraftTree tree) {
            TokenHistory history = sampler.history();
            boolean hasWindow = history.size() - history.promptLength() > window;
            if (++sinceTrial >= interval && hasWindow) {
                sinceTrial = 0;
                search.challenger().ifPresent(this::compare);
            }
            draft(tree, search.best());
        }

        private void draft(DraftTree tree, BitSet layers) {
            spine.clear();
            spine.add(tree.token(DraftTree.ROOT), TokenTree.ROOT);
            int node = DraftTree.ROOT;
            while (true) {
                int last = spine.size() - 1;
                Outputs outputs = sequence.forward(
                        Pass.of(spine).from(last).withLayers(layers).withLogits(Pass.Logits.LAST));
                passes++;
                MemorySegment logits = outputs.logits(last);
                sampler.mostLikely(logits, choices, likely);
                int token = likely.token(0);
                DraftStep step = new DraftStep(tree.depth(node) + 1, token, logits);
                int next = tree.add(node, token);
                int offered = Math.min(offered(step.probability()), likely.size());
                for (int rank = 1; rank < offered; rank++) {
                    tree.add(node, likely.token(rank));
                }
                if (next == DraftTree.NONE
                        || !tree.mayGrow(next)
                        || !context.length().goesOn(step)) {
                    return;
                }
                node = next;
                sampler.history().add(token);
                spine.add(token, last);
            }
        }

        /** How many tokens of a depth the target is offered: the paper's table for greedy text, up to what is allowed. */
        private int offered(double confidence) {
            int most = confidence > 0.95 ? 3 : confidence > 0.8 ? 5 : confidence > 0.5 ? 8 : 10;
            return Math.min(choices, most);
        }

        /** Scores a set of layers beside the best one, on the newest tokens, if there is room for that. */
        private void compare(BitSet challenger) {
            BitSet best = search.best();
            sequence.tryFork().ifPresent(fork -> {
                try (Sequence past = fork) {
                    past.truncate(sequence.length() - window);
                    search.tell(best, score(past, best), challenger, score(past, challenger));
                }
            });
        }

        /** The share of the newest tokens that the layers guess, given the target's own context before them. */
        private double score(Sequence past, BitSet layers) {
            TokenHistory history = sampler.history();
            int[] tokens = new int[window];
            for (int i = 0; i < window; i++) {
                tokens[i] = history.token(past.length() + i);
            }
            Outputs outputs = past.forward(Pass.of(tokens).withLayers(layers).withLogits(Pass.Logits.ALL));
            passes++;
            int right = 0;
            for (int i = 0; i < window; i++) {
                right += outputs.argmax(i) == history.token(past.length() + i + 1) ? 1 : 0;
            }
            return (double) right / window;
        }

        @Override
        public long passes() {
            return passes;
        }

        @Override
        public SpeculationReport report(SpeculationStatistics statistics) {
            return new SwiftReport(statistics, search.state());
        }
    }
}
