package dev.demotic.decoding.speculate;

import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.speculate.SpeculationCounter.Work;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Pass;
import dev.demotic.runtime.Sequence;

/**
 * Speculative sampling: a cheap drafter proposes a tree of tokens, one pass of the target scores them all, and a rule accepts a
 * path so that the text is distributed as the target's own.
 *
 * <p>Y. Leviathan, M. Kalman, Y. Matias, "Fast Inference from Transformers via Speculative Decoding", ICML 2023, arXiv 2211.17192;
 * C. Chen et al., "Accelerating Large Language Model Decoding with Speculative Sampling", 2023, arXiv 2302.01318; trees after X. Miao
 * et al., "SpecInfer", ASPLOS 2024, arXiv 2305.09781. The last emitted token is pending: it is the root of the next pass.
 *
 * @param drafter proposes
 * @param rule accepts
 * @param length how much to draft
 */
public record SpeculativeDecoding(Drafter drafter, AcceptanceRule rule, DraftLength length) implements DecodingMethod {
    /** The most nodes of a tree, the pending token included: a sequence has room for as many beside its full context. */
    public static final int MAX_NODES = 256;

    /** The exact rejection rule with this many tokens a draft. */
    public SpeculativeDecoding(Drafter drafter, int tokens) {
        this(drafter, new Rejection(), DraftLength.fixed(tokens));
    }

    @Override
    public String name() {
        return drafter.name();
    }

    @Override
    public boolean readsWholePrompt() {
        return drafter.captures().length > 0;
    }

    @Override
    public void decode(Sequence sequence, int[] prompt, Sampler sampler, Sink sink) {
        FirstToken first = FirstToken.emit(sequence, sampler, sink, () -> sequence.forward(capturing(Pass.of(prompt))));
        if (first.isLast()) {
            return;
        }
        DraftLength policy = length.forReply();
        try (Drafter.Session session = drafter.begin(new Drafter.Context(sequence, first.prompt(), sampler, policy))) {
            new Speculation(sequence, sampler, sink, session, policy).generate(first.token());
        }
    }

    private Pass capturing(Pass pass) {
        int[] layers = drafter.captures();
        return layers.length == 0 ? pass : pass.capturing(layers);
    }

    /** The rounds of one reply. */
    private final class Speculation {
        private final Sequence sequence;
        private final Sampler sampler;
        private final Sink sink;
        private final Drafter.Session session;
        private final DraftLength policy;
        private final DraftTree tree = new DraftTree();
        private final Distribution spare = new Distribution();
        private final SpeculationCounter counter = new SpeculationCounter();

        Speculation(Sequence sequence, Sampler sampler, Sink sink, Drafter.Session session, DraftLength policy) {
            this.sequence = sequence;
            this.sampler = sampler;
            this.sink = sink;
            this.session = session;
            this.policy = policy;
        }

        void generate(int first) {
            try {
                int pending = first;
                boolean goesOn = true;
                while (goesOn && sequence.length() < sequence.capacity()) {
                    draft(pending);
                    long draftNanos = counter.spent(Work.DRAFT);
                    Outputs outputs = sequence.forward(capturing(Pass.of(tree.nodes())));
                    NodeLogits logits = outputs::logits;
                    long targetNanos = counter.spent(Work.TARGET);

                    int node = DraftTree.NONE;
                    int next = DraftTree.ROOT;
                    while (goesOn && next != DraftTree.NONE) {
                        node = next;
                        pending = rule.next(tree, node, logits, sampler, spare);
                        counter.spent(Work.SAMPLING);
                        goesOn = sink.accept(pending, logits.after(node));
                        counter.spent(Work.OTHER);
                        next = tree.child(node, pending);
                    }
                    sequence.acceptPathTo(node);

                    counter.round(tree, tree.size(), node, next);
                    if (sink.wantsDrafts()) {
                        sink.drafted(tree.outcome(
                                tree.size(),
                                node,
                                pending,
                                logits,
                                session.source().orElseGet(drafter::name),
                                draftNanos / 1e9,
                                targetNanos / 1e9));
                    }
                    Verification round = new Verification(tree, outputs, node, draftNanos, targetNanos);
                    session.verified(round);
                    policy.verified(round);
                    counter.spent(Work.OTHER);
                }
            } finally {
                sink.report(session.report(counter.statistics(session.passes())));
            }
        }

        /** Fills the tree with what the context, the reply and the policy leave room for. */
        private void draft(int pending) {
            // The pending token takes the next position; each drafted one must leave room for one more token of the
            // reply.
            int room = Math.min(sequence.capacity() - sequence.length(), sink.wanted()) - 1;
            int depth = Math.min(room, policy.limit());
            tree.begin(pending, depth, MAX_NODES, sink::endsWith);
            if (depth > 0) {
                int length = sampler.history().size();
                try {
                    session.propose(tree);
                } finally {
                    sampler.history().truncate(length);
                }
            }
        }
    }
}
