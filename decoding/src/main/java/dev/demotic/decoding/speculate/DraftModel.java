package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.LanguageModel;

/**
 * A smaller model of the same vocabulary drafts a chain, token by token.
 *
 * <p>Leviathan et al., "Fast Inference from Transformers via Speculative Decoding", ICML 2023, arXiv 2211.17192. The draft model's logits
 * go through the same sampling settings as the target's, penalties of the drafted path included.
 */
public final class DraftModel implements Drafter {
    private final LanguageModel draft;

    DraftModel(LanguageModel draft) {
        this.draft = draft;
    }

    /**
     * Lets {@code draft}, which stays the caller's to close, draft for {@code target}.
     *
     * @throws dev.demotic.runtime.DemoticException if their vocabularies differ
     */
    public static DraftModel of(LanguageModel draft, LanguageModel target) {
        Vocabularies.requireSame(draft, target);
        return new DraftModel(draft);
    }

    @Override
    public String name() {
        return "draft";
    }

    @Override
    public Session begin(Context context) {
        return new Chain(new ModelPredictor(draft, context.target().capacity()), context.sampler(), context.length());
    }

    /** Drafts a chain by any predictor. */
    record Chain(Predictor predictor, Sampler sampler, DraftLength length) implements Session {
        @Override
        public void propose(DraftTree tree) {
            TokenHistory history = sampler.history();
            if (!predictor.catchUp(history)) {
                return;
            }
            int node = DraftTree.ROOT;
            while (true) {
                // In a chain, node n of the tree is candidate n - 1 of the predictor.
                DraftStep step = draw(tree, node);
                node = tree.add(node, step.token());
                if (!tree.mayGrow(node) || !length.goesOn(step)) {
                    return;
                }
                history.add(step.token());
                predictor.candidates().add(step.token(), node - 2);
                if (!predictor.evaluate()) {
                    return;
                }
            }
        }

        private DraftStep draw(DraftTree tree, int node) {
            var row = predictor.after(node - 1);
            int token;
            if (sampler.settings().isGreedy()) {
                token = sampler.mostLikely(row);
            } else {
                Distribution q = tree.draw(node, Drawing.WITHOUT_REPLACEMENT);
                sampler.distribution(row, q);
                token = sampler.draw(q);
            }
            return new DraftStep(tree.depth(node) + 1, token, row);
        }

        @Override
        public void verified(Verification round) {
            predictor.verified(round);
        }

        @Override
        public long passes() {
            return predictor.passes();
        }

        @Override
        public void close() {
            predictor.close();
        }
    }
}
