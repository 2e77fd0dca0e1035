package dev.demotic.decoding.speculate;

import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.decoding.speculate.SpeculationCounter.Work;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Pass;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.StepTiming;
import dev.demotic.runtime.TokenTree;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Parallel speculative decoding: a draft model writes the next block of tokens while the target verifies the last one.
 *
 * <p>T. Liu et al., "Parallel Speculative Decoding with Adaptive Draft Length" (PEARL), ICLR 2025, arXiv 2408.11850. In each step the target
 * reads what is pending and the draft model drafts d_1..d_g after that; the target's pass then tests what is pending and d_1. If
 * all of it comes true, d_2..d_g are pending in the next step (post-verify); else nothing is, and the next step tests just the
 * first token of a new block (pre-verify). The target's distribution after the last pending token is spent on d_1, so there is no
 * bonus token.
 *
 * <p>Both sides take their draws from the reply's one random stream, first the drafter, then, when both are done, the test. So no
 * text hangs on which of them was faster. With a length that follows the speed of the machine, a draft is made of the most likely
 * tokens instead, which changes no text: it is tested by the draw that plain decoding would make.
 */
public final class Pearl implements DecodingMethod {
    /** The most tokens of a block: what is pending and what is drafted share the room of a pass. */
    public static final int MOST_TOKENS = SpeculativeDecoding.MAX_NODES / 2 - 1;

    private final IntFunction<Predictor> drafters;
    private final int tokens;
    private final String obstacle;
    private final Balance balance = new Balance();

    /**
     * @param drafters gives a reply's drafter, by the most tokens that the context will have
     * @param tokens of a block, or 0
     * @param obstacle why both sides cannot compute at once; empty if they can
     */
    Pearl(IntFunction<Predictor> drafters, int tokens, String obstacle) {
        if (tokens < 0 || tokens > MOST_TOKENS) {
            throw new DemoticException(
                    "a block has %d tokens, but must have 1 to %d, or 0 for as many as fit the models' speed"
                            .formatted(tokens, MOST_TOKENS));
        }
        this.drafters = drafters;
        this.tokens = tokens;
        this.obstacle = obstacle;
    }

    /**
     * Lets {@code draft}, which stays the caller's to close, draft for {@code target}. They compute at once if the cores are enough
     * for the threads of both; else they take turns, and the report says so.
     *
     * @param tokens of a block, which are drawn and tested by {@link Rejection}; or 0 for as many as the draft model writes in a pass
     *     of the target, the most likely ones
     * @throws DemoticException if their vocabularies differ
     */
    public static Pearl of(LanguageModel draft, LanguageModel target, int tokens) {
        Vocabularies.requireSame(draft.tokenizer(), target.tokenizer());
        return ofSameVocabulary(draft, target, tokens);
    }

    static Pearl ofSameVocabulary(LanguageModel draft, LanguageModel target, int tokens) {
        String obstacle = target.computesBeside(draft)
                ? ""
                : "the models took turns: %d threads of the target and %d of the draft model are more than the cores here"
                        .formatted(target.threads(), draft.threads());
        return new Pearl(capacity -> new ModelPredictor(draft, capacity), tokens, obstacle);
    }

    @Override
    public String name() {
        return "pearl";
    }

    @Override
    public void decode(Sequence sequence, int[] prompt, Sampler sampler, Sink sink) {
        try (Predictor drafter = drafters.apply(sequence.capacity())) {
            new Reply(sequence, sampler, sink, drafter).generate(prompt);
        }
    }

    /** The steps of one reply. */
    private final class Reply {
        private final Sequence sequence;
        private final Sampler sampler;
        private final TokenHistory history;
        private final Sink sink;
        private final Predictor drafter;
        private final List<PearlReport.Step> steps = new ArrayList<>();
        private SpeculationCounter counter = new SpeculationCounter();

        Reply(Sequence sequence, Sampler sampler, Sink sink, Predictor drafter) {
            this.sequence = sequence;
            this.sampler = sampler;
            this.sink = sink;
            this.drafter = drafter;
            history = sampler.history();
        }

        void generate(int[] prompt) {
            FirstToken first =
                    FirstToken.emit(sequence, sampler, sink, () -> atOnce(Pass.of(prompt), this::readPrompt));
            if (first.isLast()) {
                return;
            }
            Drafter.Context context = new Drafter.Context(sequence, first.prompt(), sampler, DraftLength.fixed(tokens));
            PearlBlocks blocks = new PearlBlocks(new Rejection(), new Chain(0, tokens > 0), context, sink);
            // The last token of the context, or of the reply, is never read, so it is not drafted.
            blocks.begin(first.token(), Math.min(sequence.capacity() - sequence.length(), sink.wanted()) - 1);
            counter = new SpeculationCounter();
            try {
                boolean goesOn = true;
                while (goesOn && sequence.length() < sequence.capacity()) {
                    goesOn = step(blocks);
                }
            } finally {
                sink.report(new PearlReport(
                        counter.statistics(drafter.passes()), List.copyOf(steps), blocks.dropped(), obstacle));
            }
        }

        private void readPrompt() {
            if (sink.wanted() > 1 && drafter.catchUp(history)) {
                drafter.rest();
            }
        }

        private boolean step(PearlBlocks blocks) {
            long start = System.nanoTime();
            TokenTree unread = blocks.unread();
            int length = tokens > 0 ? tokens : balance.tokens();
            Outputs outputs = atOnce(Pass.of(unread), () -> blocks.draft(drafter, length));

            boolean goesOn = blocks.verify(outputs::logits, counter);
            sequence.acceptPathTo(blocks.last());

            List<StepTiming> passes = blocks.draftedTokens() > 0 ? drafter.steps() : List.of();
            double seconds = (System.nanoTime() - start) / 1e9;
            PearlReport.Step step = PearlReport.Step.of(blocks, seconds, outputs.step(), passes);
            balance.learn(step.targetSeconds(), step.draftSeconds(), passes.size());
            steps.add(step);
            if (sink.wantsDrafts()) {
                sink.drafted(blocks.outcome(outputs::logits, name(), step));
            }
            blocks.advance();
            return goesOn;
        }

        /** Runs both sides and returns when both are done; the history is then what was emitted. */
        private Outputs atOnce(Pass pass, Runnable drafting) {
            int length = history.size();
            try (SideTask side = SideTask.start(drafting)) {
                Outputs outputs = sequence.forward(pass);
                counter.spent(Work.TARGET);
                side.join();
                counter.spent(Work.DRAFT);
                return outputs;
            } finally {
                history.truncate(length);
            }
        }
    }
}
