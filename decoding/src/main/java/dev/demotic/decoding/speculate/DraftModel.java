package dev.demotic.decoding.speculate;

import dev.demotic.runtime.LanguageModel;

/**
 * A smaller model of the same vocabulary drafts.
 *
 * <p>Leviathan et al., "Fast Inference from Transformers via Speculative Decoding", ICML 2023, arXiv 2211.17192. The draft model's logits
 * go through the same sampling settings as the target's, penalties of the drafted path included.
 */
public final class DraftModel implements Drafter {
    private final LanguageModel draft;
    private final TreeShape shape;

    DraftModel(LanguageModel draft, TreeShape shape) {
        this.draft = draft;
        this.shape = shape;
    }

    /**
     * Lets {@code draft}, which stays the caller's to close, draft for {@code target}.
     *
     * @throws dev.demotic.runtime.DemoticException if their vocabularies differ
     */
    public static DraftModel of(LanguageModel draft, LanguageModel target, TreeShape shape) {
        Vocabularies.requireSame(draft.tokenizer(), target.tokenizer());
        return new DraftModel(draft, shape);
    }

    @Override
    public String name() {
        return "draft";
    }

    @Override
    public Session begin(Context context) {
        ModelPredictor predictor = new ModelPredictor(
                draft,
                context.target().capacity(),
                Integer.MAX_VALUE,
                context.length().readsHidden());
        return new PredictorSession(predictor, shape, context);
    }
}
