package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.TokenTree;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.util.Arrays;

/**
 * A draft model with a vocabulary of its own.
 *
 * <p>Three ways to exchange drafts, all lossless: {@link #byText} (N. Timor et al., "Accelerating LLM Inference with Lossless Speculative
 * Decoding Algorithms for Heterogeneous Vocabularies", 2025, arXiv 2502.05202: string-level match), {@link #byIntersection} (the same
 * paper: token-level intersection) and {@link #byNGrams} (OmniDraft, arXiv 2507.02659). Where drafts are translated, the draft
 * model's most likely tokens are taken, as point masses: the weight of a translation is not known, and a draw would only
 * lower the chance to match.
 */
public final class ForeignDraftModel implements Drafter {
    private final LanguageModel draft;
    private final LanguageModel target;
    private final TokenMap map;
    private final String name;
    private final Exchange exchange;

    /** How drafts reach the target. */
    private sealed interface Exchange {
        record Translated(Translator translator) implements Exchange {}

        record Shared(TreeShape shape) implements Exchange {}
    }

    private ForeignDraftModel(LanguageModel draft, LanguageModel target, TokenMap map, String name, Exchange exchange) {
        this.draft = draft;
        this.target = target;
        this.map = map;
        this.name = name;
        this.exchange = exchange;
    }

    /** @throws DemoticException if one of the tokenizers changes text, or they have nothing in common */
    static TokenMap map(LanguageModel draft, LanguageModel target) {
        ForeignText.requireExact(draft.tokenizer(), "the draft model");
        ForeignText.requireExact(target.tokenizer(), "the target");
        return new TokenMap(draft.tokenizer(), target.tokenizer());
    }

    /**
     * The draft's text, tokenised for the target.
     *
     * @throws DemoticException if one of the tokenizers changes text, or they have nothing in common
     */
    public static ForeignDraftModel byText(LanguageModel draft, LanguageModel target) {
        TokenMap map = map(draft, target);
        Translator translator = new TextTranslator(draft.tokenizer(), target.tokenizer(), map);
        return new ForeignDraftModel(draft, target, map, "foreign-text", new Exchange.Translated(translator));
    }

    /**
     * Tokens of both vocabularies, and up to {@code entries} learnt n-grams; none with 0.
     *
     * @throws DemoticException if one of the tokenizers changes text, or they have nothing in common
     */
    public static ForeignDraftModel byNGrams(LanguageModel draft, LanguageModel target, int entries) {
        if (entries < 0) {
            throw new DemoticException("the n-gram cache has " + entries + " entries, but must have 0 or more");
        }
        TokenMap map = map(draft, target);
        Translator translator = new NGramTranslator(draft.tokenizer(), target.tokenizer(), map, entries);
        return new ForeignDraftModel(draft, target, map, "foreign-ngrams", new Exchange.Translated(translator));
    }

    /**
     * Only tokens of both vocabularies, in any shape.
     *
     * @throws DemoticException if one of the tokenizers changes text, or they have nothing in common
     */
    public static ForeignDraftModel byIntersection(LanguageModel draft, LanguageModel target, TreeShape shape) {
        return new ForeignDraftModel(draft, target, map(draft, target), "foreign-shared", new Exchange.Shared(shape));
    }

    @Override
    public String name() {
        return name;
    }

    /** The draft model as a predictor of the tokens that both have. */
    static Predictor predictor(LanguageModel draft, LanguageModel target, TokenMap map, int vocabulary) {
        return new IntersectionPredictor(reader(draft), text(draft, target, map), map, vocabulary);
    }

    private static ForeignText text(LanguageModel draft, LanguageModel target, TokenMap map) {
        return new ForeignText(
                draft.tokenizer(), target.tokenizer(), map, draft.config().vocabulary());
    }

    private static ModelPredictor reader(LanguageModel draft) {
        // A text may have more tokens here than there.
        return new ModelPredictor(draft, draft.context());
    }

    @Override
    public Session begin(Context context) {
        return switch (exchange) {
            case Exchange.Translated(Translator translator) ->
                new Translation(draft.tokenizer(), translator, text(draft, target, map), reader(draft), context);
            case Exchange.Shared(TreeShape shape) ->
                new PredictorSession(
                        predictor(draft, target, map, context.sampler().vocabulary()), shape, context);
        };
    }

    /** Drafts a chain in the draft model's tokens. */
    private static final class Translation implements Session {
        private final Tokenizer tokenizer;
        private final Translator translator;
        private final ForeignText text;
        private final ModelPredictor predictor;
        private final Context context;
        private int learnt;

        private Translation(
                Tokenizer tokenizer,
                Translator translator,
                ForeignText text,
                ModelPredictor predictor,
                Context context) {
            this.tokenizer = tokenizer;
            this.translator = translator;
            this.text = text;
            this.predictor = predictor;
            this.context = context;
            learnt = context.sampler().history().promptLength();
        }

        @Override
        public void propose(DraftTree tree) {
            TokenHistory history = context.sampler().history();
            for (; learnt < history.size(); learnt++) {
                translator.learn(history.token(learnt));
            }
            if (text.catchUp(history) && predictor.catchUp(text.tokens())) {
                tree.addChain(DraftTree.ROOT, translator.translate(chain(tree.maxDepth())));
            }
        }

        /** Draft tokens that may become a chain of so many of the target's. */
        private int[] chain(int length) {
            int[] tokens = new int[length];
            int count = 0;
            int node = TokenTree.ROOT;
            while (count < length) {
                int token = predictor.mostLikely(node);
                if (token >= tokenizer.size()) {
                    break; // padding
                }
                tokens[count++] = token;
                boolean goesOn = count < length
                        && !tokenizer.isControl(token)
                        && context.length()
                                .goesOn(new DraftStep(count, token, predictor.after(node), predictor.hidden(node)));
                if (!goesOn) {
                    break;
                }
                node = predictor.candidates().add(token, node);
                if (!predictor.evaluate()) {
                    break;
                }
            }
            return Arrays.copyOf(tokens, count);
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
