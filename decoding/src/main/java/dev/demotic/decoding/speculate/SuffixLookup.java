package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.DemoticException;

/**
 * Copies what followed the longest end of the context that came before, and hands over to another drafter where that is short.
 *
 * <p>Y. Hu et al., "SAM Decoding: Speculative Decoding via Suffix Automaton", 2024, arXiv 2411.10666: one automaton over prompt and reply. The
 * draft is no longer than the match, so that a loop is copied only once it has shown itself.
 */
public final class SuffixLookup implements Drafter {
    /** The match length from which SAM Decoding prefers the automaton to another drafter. */
    public static final int LONG_MATCH = 5;

    private final int shortest;
    private final Drafter otherwise;

    /** Lookup alone, from matches of this length on. */
    public SuffixLookup(int shortest) {
        this(shortest, new Silent());
    }

    /**
     * @param shortest tokens of a match that is used
     * @param otherwise drafts where the match is shorter
     * @throws DemoticException if {@code shortest} is below 1
     */
    public SuffixLookup(int shortest, Drafter otherwise) {
        if (shortest < 1) {
            throw new DemoticException("suffix lookup from matches of " + shortest + " tokens on; take 1 or more");
        }
        this.shortest = shortest;
        this.otherwise = otherwise;
    }

    @Override
    public String name() {
        return otherwise instanceof Silent ? "suffix" : "suffix+" + otherwise.name();
    }

    @Override
    public int[] captures() {
        return otherwise.captures();
    }

    @Override
    public Session begin(Context context) {
        return new Lookup(shortest, context.sampler().history(), new SuffixAutomaton(), otherwise.begin(context));
    }

    /** Drafts nothing. */
    private record Silent() implements Drafter {
        @Override
        public String name() {
            return "silent";
        }

        @Override
        public Session begin(Context context) {
            return _ -> {};
        }
    }

    private record Lookup(int shortest, TokenHistory history, SuffixAutomaton automaton, Session otherwise)
            implements Session {
        @Override
        public void propose(DraftTree tree) {
            while (automaton.size() < history.size()) {
                automaton.add(history.token(automaton.size()));
            }
            if (automaton.matchLength() < shortest) {
                otherwise.propose(tree);
                return;
            }
            int from = automaton.matchEnd();
            int end = Math.min(from + automaton.matchLength(), automaton.size());
            int node = DraftTree.ROOT;
            for (int i = from; i < end && node != DraftTree.NONE; i++) {
                node = tree.add(node, automaton.token(i));
            }
        }

        @Override
        public void verified(Verification round) {
            otherwise.verified(round);
        }

        @Override
        public long passes() {
            return otherwise.passes();
        }

        @Override
        public void close() {
            otherwise.close();
        }
    }
}
