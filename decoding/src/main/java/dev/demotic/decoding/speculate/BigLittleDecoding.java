package dev.demotic.decoding.speculate;

import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Sequence;

/**
 * A little model writes until it is unsure; then the big one reads what it wrote, takes back what it finds too unlikely, and
 * writes a token itself.
 *
 * <p>S. Kim et al., "Speculative Decoding with Big Little Decoder" (BiLD), NeurIPS 2023, arXiv 2302.07863, algorithm 1. The little model falls
 * back where its most likely token is less likely than a threshold, or after so many tokens; {@link Rollback} is the other
 * threshold. That is the speculative loop with another rule: tokens are emitted once the big model has read them, the end of the
 * text too. Lossy.
 */
public final class BigLittleDecoding implements DecodingMethod {
    private final SpeculativeDecoding rounds;

    BigLittleDecoding(DraftModel little, double rollback, int tokens) {
        rounds = new SpeculativeDecoding(new Little(little), new Rollback(rollback), DraftLength.fixed(tokens));
    }

    /**
     * Lets {@code little}, which stays the caller's to close, write for {@code big}.
     *
     * @param fallback the probability that the little model's most likely token must have, from 0 to 1
     * @param rollback what the big model's surprise at a token may be, in nats; 0 for the text that it would write alone
     * @param tokens the most that the little model writes at once
     * @throws dev.demotic.runtime.DemoticException if their vocabularies differ
     */
    public static BigLittleDecoding of(
            LanguageModel little, LanguageModel big, double fallback, double rollback, int tokens) {
        return new BigLittleDecoding(DraftModel.of(little, big, new Chain(fallback)), rollback, tokens);
    }

    @Override
    public String name() {
        return rounds.name();
    }

    @Override
    public void decode(Sequence sequence, int[] prompt, Sampler sampler, Sink sink) {
        rounds.decode(sequence, prompt, sampler, sink);
    }

    /** The little model, which keeps account of where the text departs from the big one. */
    private record Little(DraftModel model) implements Drafter {
        @Override
        public String name() {
            return "bild";
        }

        @Override
        public Session begin(Context context) {
            return new Writing(model.begin(context), context.sampler().history());
        }
    }

    private static final class Writing implements Drafter.Session {
        private final Drafter.Session session;
        private final TokenHistory history;
        private long departures;

        Writing(Drafter.Session session, TokenHistory history) {
            this.session = session;
            this.history = history;
        }

        @Override
        public void propose(DraftTree tree) {
            session.propose(tree);
        }

        @Override
        public void verified(Verification round) {
            DraftTree tree = round.tree();
            Outputs outputs = round.outputs();
            int emitted = history.token(history.size() - 1);
            // Where the reply ends with a token of the little model's, the walk has not entered its node.
            int end = tree.child(round.last(), emitted);
            for (int node = end == DraftTree.NONE ? round.last() : end;
                    node != DraftTree.ROOT;
                    node = tree.parent(node)) {
                departures += outputs.argmax(tree.parent(node)) == tree.token(node) ? 0 : 1;
            }
            session.verified(round);
        }

        @Override
        public long passes() {
            return session.passes();
        }

        @Override
        public SpeculationReport report(SpeculationStatistics statistics) {
            return new BigLittleReport(statistics, departures);
        }

        @Override
        public void close() {
            session.close();
        }
    }
}
