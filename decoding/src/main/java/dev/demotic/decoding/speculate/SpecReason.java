package dev.demotic.decoding.speculate;

import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.DraftRound;
import dev.demotic.decoding.MethodReport;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Pass;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.TokenTree;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * A small model writes a reasoning step, the large one reads and scores it, and keeps it or writes the step itself.
 *
 * <p>R. Pan et al., "SpecReason: Fast and Accurate Inference-Time Compute via Speculative Reasoning", NeurIPS 2025, arXiv 2504.07891. Steps need
 * not be what the large model would say, only good enough: lossy. A step is judged in one pass, as nodes that are not committed yet:
 * those of a step that is kept are, and so it is read but once; those of the judge's question never are. Where the large model
 * writes, the small one may draft for it token by token, which changes no text at temperature 0.
 *
 * <p>Both models' tokens go through the same sampling settings and are drawn from one random stream. Unlike the paper's program, a reply
 * ends where any other does, by the model's own end, a stop string or its length: neither at a phrase that announces an answer
 * nor at a step that repeats the one before.
 *
 * @param small writes steps; stays the caller's to close
 * @param bytes what a token stands for, in both models
 * @param judge scores steps
 * @param threshold the least score of a step that is kept, from 0, which keeps all, to 10, which keeps none
 * @param steps what a step is
 * @param drafts the most tokens that the small model drafts at once where the large one writes; 0 for none
 */
public record SpecReason(
        LanguageModel small, IntFunction<byte[]> bytes, StepJudge judge, double threshold, Steps steps, int drafts)
        implements DecodingMethod {
    private static final int[] NOTHING = {};

    /**
     * What a step is.
     *
     * @param end what ends it
     * @param most tokens that it has at most; no more than a pass may have beside the token before it
     * @param reserved how many steps the large model writes before the small one is asked for any
     */
    public record Steps(StepEnd end, int most, int reserved) {
        public Steps {
            if (most < 1 || most >= SpeculativeDecoding.MAX_NODES || reserved < 0) {
                throw new DemoticException(
                        "a step has %d tokens at most and %d steps are reserved, but that must be from 1 to %d, and 0 or more"
                                .formatted(most, reserved, SpeculativeDecoding.MAX_NODES - 1));
            }
        }
    }

    public SpecReason {
        if (!(threshold >= 0 && threshold <= StepJudge.BEST + 1)) {
            throw new DemoticException("the least score of a step is %s, but must be from 0 to %d"
                    .formatted(threshold, StepJudge.BEST + 1));
        }
    }

    /**
     * Lets {@code small}, which stays the caller's to close, write for {@code large}.
     *
     * @throws DemoticException if their vocabularies differ, or a setting is out of its range
     */
    public static SpecReason of(
            LanguageModel small, LanguageModel large, StepJudge judge, double threshold, Steps steps, int drafts) {
        Vocabularies.requireSame(small.tokenizer(), large.tokenizer());
        return new SpecReason(small, large.tokenizer()::bytes, judge, threshold, steps, drafts);
    }

    @Override
    public String name() {
        return "specreason";
    }

    /** @throws DemoticException if the small model's KV cache has no room for a text as long as this one may become */
    @Override
    public void decode(Sequence sequence, int[] prompt, Sampler sampler, Sink sink) {
        try (ModelPredictor writer = new ModelPredictor(small, sequence.capacity())) {
            // Who writes a step must not hang on what else the machine does.
            if (!writer.reserve()) {
                throw new DemoticException(
                        "the small model's KV cache has no room for this reply; ask again later, ask for"
                                + " a shorter one, or open the model with more KV tokens");
            }
            new Reasoning(sequence, sampler, sink, writer).generate(prompt);
        }
    }

    /** The steps of one reply. The token that was emitted last is pending: the large model has yet to read it. */
    private final class Reasoning {
        private final Sequence sequence;
        private final Sampler sampler;
        private final TokenHistory history;
        private final Sink sink;
        private final ModelPredictor writer;
        private final DecodingMethod large;
        private final StepAccount account = new StepAccount();
        private boolean goesOn = true;

        Reasoning(Sequence sequence, Sampler sampler, Sink sink, ModelPredictor writer) {
            this.sequence = sequence;
            this.sampler = sampler;
            this.sink = sink;
            this.writer = writer;
            history = sampler.history();
            large = new SpeculativeDecoding(new Shared(writer), drafts);
        }

        void generate(int[] prompt) {
            try {
                read(Arrays.copyOf(prompt, prompt.length - 1));
                for (int i = 0; goesOn && sequence.length() < sequence.capacity(); i++) {
                    if (i < steps.reserved() || !smallStep()) {
                        largeStep();
                    }
                }
            } finally {
                sink.report(account.report(writer.passes()));
            }
        }

        private void read(int[] context) {
            if (context.length > 0) {
                Outputs outputs = sequence.forward(Pass.of(context).withLogits(Pass.Logits.NONE));
                sequence.acceptPathTo(outputs.last());
            }
        }

        /** Returns false if there is no step, or none to keep: the large model writes one then. */
        private boolean smallStep() {
            Sampler.Mark before = sampler.mark();
            long start = System.nanoTime();
            int[] step = write();
            long written = System.nanoTime();
            account.wrote(written - start);
            if (step.length == 0) {
                return false;
            }
            int[] asked = judge.question(history);
            int[] question = hasRoom(step, asked) ? asked : NOTHING;
            Outputs outputs = sequence.forward(Pass.of(nodes(step, question)));
            StepReading reading = new StepReading(step, question, outputs::logits);
            // A step that there is no room to ask about has not been found good.
            double score = question.length == asked.length ? judge.score(reading) : 0;
            long judged = System.nanoTime();
            account.judged(step.length, score, judged - written);

            boolean isGood = score >= threshold;
            int kept = isGood ? keep(reading) : 0;
            if (!isGood) {
                sampler.backTo(before);
            }
            if (sink.wantsDrafts()) {
                sink.drafted(round(reading, kept, (written - start) / 1e9, (judged - written) / 1e9));
            }
            return isGood;
        }

        /** The small model's next step, not yet in the history; nothing where the text is longer than it can read. */
        private int[] write() {
            int from = history.size();
            int room = Math.min(Math.min(sequence.capacity() - sequence.length(), sink.wanted()), steps.most());
            if (!writer.catchUp(history)) {
                return NOTHING;
            }
            try {
                StepEnd.Watch watch = steps.end().watch(bytes);
                int node = TokenTree.ROOT;
                boolean isOpen = true;
                while (isOpen) {
                    int token = sampler.next(writer.after(node));
                    boolean isLast = watch.endsWith(token) || sink.endsWith(token) || history.size() - from == room;
                    node = isLast ? node : writer.candidates().add(token, node);
                    isOpen = !isLast && writer.evaluate();
                }
                writer.rest();
                return IntStream.range(from, history.size()).map(history::token).toArray();
            } finally {
                history.truncate(from);
            }
        }

        private boolean hasRoom(int[] step, int[] question) {
            return question.length == 0 || sequence.length() + 1 + step.length + question.length <= sequence.capacity();
        }

        /** The pending token, the step but for its last token, which will be pending if it is kept, and what is asked after it. */
        private TokenTree nodes(int[] step, int[] question) {
            TokenTree nodes = TokenTree.chain(history.token(history.size() - 1));
            nodes.addChain(0, Arrays.copyOf(step, step.length - (question.length == 0 ? 1 : 0)));
            return nodes.addChain(nodes.size() - 1, question);
        }

        /** Emits a step; returns how many tokens the reply had use for. */
        private int keep(StepReading reading) {
            int kept = 0;
            while (goesOn && kept < reading.step().length) {
                history.add(reading.step()[kept]);
                goesOn = sink.accept(reading.step()[kept], reading.logits().after(kept));
                kept++;
            }
            sequence.acceptPathTo(kept - 1);
            account.keeps(kept);
            return kept;
        }

        private void largeStep() {
            long start = System.nanoTime();
            try {
                large.decode(sequence, new int[] {history.token(history.size() - 1)}, sampler, new LargeStep());
            } finally {
                account.largeStep(System.nanoTime() - start);
            }
        }

        /** Hands on the large model's tokens until its step ends. */
        private final class LargeStep implements Sink {
            private final StepEnd.Watch watch = steps.end().watch(bytes);
            private int tokens;

            @Override
            public boolean accept(int token, MemorySegment logits) {
                tokens++;
                account.largeToken();
                goesOn = sink.accept(token, logits);
                return !watch.endsWith(token) && goesOn && tokens < steps.most();
            }

            @Override
            public int wanted() {
                return Math.min(sink.wanted(), steps.most() - tokens);
            }

            @Override
            public boolean endsWith(int token) {
                return sink.endsWith(token);
            }

            @Override
            public boolean wantsDrafts() {
                return sink.wantsDrafts();
            }

            @Override
            public void drafted(DraftRound round) {
                sink.drafted(round);
            }

            @Override
            public void report(MethodReport rounds) {
                account.largeRounds(((SpeculationReport) rounds).statistics());
            }
        }
    }

    private DraftRound round(StepReading reading, int kept, double writeSeconds, double judgeSeconds) {
        int[] step = reading.step();
        List<DraftRound.Node> nodes = IntStream.range(0, step.length)
                .mapToObj(i -> new DraftRound.Node(
                        i - 1,
                        step[i],
                        i < kept ? DraftRound.Fate.ACCEPTED : DraftRound.Fate.REJECTED,
                        Math.exp(reading.logProbability(i))))
                .toList();
        return new DraftRound(
                Arrays.copyOf(step, kept),
                kept,
                Arrays.copyOfRange(step, kept, step.length),
                nodes,
                name(),
                writeSeconds,
                judgeSeconds);
    }

    /** The small model drafts with what it has read already, and goes on to read when a step is over. */
    private record Shared(ModelPredictor writer) implements Drafter {
        @Override
        public String name() {
            return "draft";
        }

        @Override
        public Session begin(Context context) {
            TreeShape chain = new Chain();
            return tree -> {
                if (writer.catchUp(context.sampler().history())) {
                    chain.grow(tree, writer, context);
                    writer.rest();
                }
            };
        }
    }
}
