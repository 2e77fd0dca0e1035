package dev.demotic.bench;

import dev.demotic.bench.MethodBenchReport.Difference;
import dev.demotic.bench.MethodBenchReport.Run;
import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.Generation;
import dev.demotic.decoding.PlainDecoding;
import dev.demotic.decoding.Reply;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.decoding.speculate.SpeculationReport;
import dev.demotic.decoding.speculate.SpeculationStatistics;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.template.ChatMessage;
import dev.demotic.runtime.template.Conversation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Runs methods against plain decoding, prompt by prompt: all methods on one before any on the next, in an order that rotates, so
 * that what disturbs the machine for a while disturbs them alike.
 *
 * @param tokens the most of a reply
 * @param sampling how tokens are chosen
 */
public record MethodBench(int tokens, SamplingSettings sampling) {
    private static final int WARM_UP_TOKENS = 32;

    /**
     * A method that takes part.
     *
     * @param name in the report
     * @param isLossless whether its text must be that of plain decoding at temperature 0
     * @param maker gives one that has learnt nothing yet
     * @param model the target as it is opened for this method, if not as for all
     */
    public record Contestant(
            String name, boolean isLossless, Supplier<DecodingMethod> maker, Optional<LanguageModel> model) {
        /** One that runs on the target as all do. */
        public Contestant(String name, boolean isLossless, Supplier<DecodingMethod> maker) {
            this(name, isLossless, maker, Optional.empty());
        }

        /** What all others are measured against. */
        public static Contestant plain() {
            return new Contestant("plain", true, PlainDecoding::new);
        }
    }

    /** Told how far it is. */
    @FunctionalInterface
    public interface Progress {
        void at(int done, int total, String what);
    }

    /**
     * Runs them.
     *
     * @param contestants plain decoding, which is added, left out
     * @throws DemoticException if no prompt fits the context
     */
    public MethodBenchReport run(
            LanguageModel target, List<Contestant> contestants, List<BenchPrompt> prompts, Progress progress) {
        List<Contestant> all = new ArrayList<>(List.of(Contestant.plain()));
        all.addAll(contestants);
        Generation generation = generation(target);
        List<BenchPrompt> fitting = prompts.stream()
                .filter(prompt -> encode(generation, prompt).length + tokens <= target.context())
                .toList();
        if (fitting.isEmpty()) {
            throw new DemoticException("no prompt leaves room for %d tokens in a context of %,d; ask for fewer tokens"
                    .formatted(tokens, target.context()));
        }
        int total = (fitting.size() + 1) * all.size();
        int done = 0;
        for (Contestant contestant : all) {
            progress.at(done++, total, "warming up " + contestant.name());
            generation(contestant.model().orElse(target))
                    .maxTokens(Math.min(tokens, WARM_UP_TOKENS))
                    .method(contestant.maker().get())
                    .complete(encode(generation, fitting.getLast()), _ -> {});
        }
        List<DecodingMethod> methods =
                all.stream().map(contestant -> contestant.maker().get()).toList();
        List<Run> runs = new ArrayList<>();
        for (int i = 0; i < fitting.size(); i++) {
            BenchPrompt prompt = fitting.get(i);
            Run[] row = new Run[all.size()];
            int[][] texts = new int[all.size()][];
            for (int j = 0; j < all.size(); j++) {
                int turn = (i + j) % all.size();
                String name = all.get(turn).name();
                LanguageModel model = all.get(turn).model().orElse(target);
                progress.at(done++, total, name + " on " + prompt.task());
                long began = System.nanoTime();
                Reply reply = generation(model).method(methods.get(turn)).complete(encode(generation, prompt), _ -> {});
                double seconds = (System.nanoTime() - began) * 1e-9;
                texts[turn] = reply.tokens();
                row[turn] = run(prompt, name, reply, seconds);
            }
            for (int j = 0; j < row.length; j++) {
                runs.add(row[j].with(difference(texts[0], texts[j])));
            }
        }
        return new MethodBenchReport(
                Machine.here(),
                target.device(),
                target.source().path().toString(),
                tokens,
                sampling.temperature(),
                prompts.size() - fitting.size(),
                all.stream().map(Contestant::name).toList(),
                all.stream()
                        .filter(Contestant::isLossless)
                        .map(Contestant::name)
                        .toList(),
                List.copyOf(runs));
    }

    private Generation generation(LanguageModel model) {
        return Generation.with(model).sampling(sampling).maxTokens(tokens);
    }

    static int[] encode(Generation generation, BenchPrompt prompt) {
        return prompt.isChat() && generation.model().hasChatTemplate()
                ? generation.encode(Conversation.of(List.of(ChatMessage.user(prompt.text()))))
                : generation.encode(prompt.text());
    }

    private static Run run(BenchPrompt prompt, String method, Reply reply, double seconds) {
        return new Run(
                prompt.task(),
                prompt.id(),
                method,
                reply.usage().promptTokens(),
                reply.tokens().length,
                reply.timings().promptSeconds(),
                Math.max(0, seconds - reply.timings().promptSeconds()),
                reply.report(SpeculationReport.class)
                        .map(SpeculationReport::statistics)
                        .orElse(SpeculationStatistics.none()),
                Optional.empty());
    }

    private static Optional<Difference> difference(int[] expected, int[] actual) {
        int at = Arrays.mismatch(expected, actual);
        return at < 0 ? Optional.empty() : Optional.of(new Difference(at, token(expected, at), token(actual, at)));
    }

    private static int token(int[] tokens, int at) {
        return at < tokens.length ? tokens[at] : -1;
    }
}
