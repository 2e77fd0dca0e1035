package dev.demotic.bench;

import dev.demotic.bench.MethodBenchReport.Difference;
import dev.demotic.bench.MethodBenchReport.Run;
import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.FinishReason;
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
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Runs methods, and servers of other engines if wanted, against plain decoding, prompt by prompt: all on one before any on the next,
 * in an order that rotates, so that what disturbs the machine for a while disturbs them alike.
 *
 * @param tokens the most of a reply
 * @param sampling how tokens are chosen
 * @param ignoresEnd whether replies go on where the model would end them, so that all are of equal length
 */
public record MethodBench(int tokens, SamplingSettings sampling, boolean ignoresEnd) {
    private static final int WARM_UP_TOKENS = 64;
    private static final int WARM_UPS = 4;
    /** Of two tokens: what runs once a reply is compiled late, and would count as the method's in short ones. */
    private static final int SHORT_WARM_UPS = 40;

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

    /**
     * A reply, measured.
     *
     * @param tokens its tokens, as far as they are known
     * @param count how many they are
     * @param promptSeconds until the first
     * @param seconds from the first to the end
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Answer(int[] tokens, int count, double promptSeconds, double seconds, SpeculationStatistics speculation) {}

    /** Who replies. */
    private record Entrant(String name, Function<int[], Answer> replies) {}

    /** Told how far it is. */
    @FunctionalInterface
    public interface Progress {
        void at(int done, int total, String what);
    }

    /**
     * Runs them.
     *
     * @param drafts the draft models' names, for the report
     * @param contestants plain decoding, which is added, left out
     * @param peers servers that run the same model
     * @throws DemoticException if no prompt fits the context
     */
    public MethodBenchReport run(
            LanguageModel target,
            List<String> drafts,
            List<Contestant> contestants,
            List<PeerServer> peers,
            List<BenchPrompt> prompts,
            Progress progress) {
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
        int total = fitting.size() * (all.size() + peers.size()) + all.size();
        int done = 0;
        for (Contestant contestant : all) {
            progress.at(done++, total, "warming up " + contestant.name());
            warmUp(target, contestant, fitting);
        }
        List<Entrant> entrants = new ArrayList<>();
        all.forEach(contestant -> {
            Generation own = generation(target, contestant);
            entrants.add(new Entrant(contestant.name(), prompt -> answer(own, prompt)));
        });
        peers.forEach(
                peer -> entrants.add(new Entrant(peer.name(), prompt -> peer.answer(prompt, tokens, ignoresEnd))));
        List<Run> runs = new ArrayList<>();
        for (int i = 0; i < fitting.size(); i++) {
            BenchPrompt prompt = fitting.get(i);
            int[] encoded = encode(generation, prompt);
            Answer[] answers = new Answer[entrants.size()];
            for (int j = 0; j < answers.length; j++) {
                int turn = (i + j) % answers.length;
                progress.at(done++, total, entrants.get(turn).name() + " on " + prompt.task());
                answers[turn] = entrants.get(turn).replies().apply(encoded);
            }
            for (int j = 0; j < answers.length; j++) {
                runs.add(run(prompt, encoded.length, entrants.get(j).name(), answers[j], answers[0].tokens()));
            }
        }
        return new MethodBenchReport(
                Machine.here(),
                target.device(),
                target.source().path().toString(),
                drafts,
                tokens,
                ignoresEnd,
                sampling.temperature(),
                sampling.seed(),
                prompts.size() - fitting.size(),
                entrants.stream().map(Entrant::name).toList(),
                all.stream()
                        .filter(Contestant::isLossless)
                        .map(Contestant::name)
                        .toList(),
                List.copyOf(runs));
    }

    private Generation generation(LanguageModel model) {
        return Generation.with(model).sampling(sampling).maxTokens(tokens).ignoreEnd(ignoresEnd);
    }

    /** That of a contestant, on the model that it runs on. */
    private Generation generation(LanguageModel target, Contestant contestant) {
        return generation(contestant.model().orElse(target))
                .method(contestant.maker().get());
    }

    private void warmUp(LanguageModel target, Contestant contestant, List<BenchPrompt> prompts) {
        Generation own = generation(target, contestant);
        Generation brief = own.maxTokens(2);
        for (int i = 0; i < SHORT_WARM_UPS; i++) {
            brief.complete(encode(own, prompts.getFirst()), _ -> {});
        }
        Generation longer = own.maxTokens(Math.min(tokens, WARM_UP_TOKENS));
        for (int i = 0; i < WARM_UPS; i++) {
            longer.complete(encode(own, prompts.get(prompts.size() * i / WARM_UPS)), _ -> {});
        }
    }

    static int[] encode(Generation generation, BenchPrompt prompt) {
        return prompt.isChat() && generation.model().hasChatTemplate()
                ? generation.encode(Conversation.of(List.of(ChatMessage.user(prompt.text()))))
                : generation.encode(prompt.text());
    }

    private static Answer answer(Generation generation, int[] prompt) {
        long began = System.nanoTime();
        Reply reply = generation.complete(prompt, _ -> {});
        double seconds = (System.nanoTime() - began) * 1e-9;
        if (reply.finishReason() == FinishReason.CANCELLED) {
            throw new DemoticException("the measurement was interrupted, so there is no report");
        }
        return new Answer(
                reply.tokens(),
                reply.tokens().length,
                reply.timings().promptSeconds(),
                Math.max(0, seconds - reply.timings().promptSeconds()),
                reply.report(SpeculationReport.class)
                        .map(SpeculationReport::statistics)
                        .orElse(SpeculationStatistics.none()));
    }

    private static Run run(BenchPrompt prompt, int promptTokens, String method, Answer answer, int[] expected) {
        return new Run(
                prompt.task(),
                prompt.id(),
                method,
                promptTokens,
                answer.count(),
                answer.promptSeconds(),
                answer.seconds(),
                answer.speculation(),
                difference(expected, answer.tokens()));
    }

    private static Optional<Difference> difference(int[] expected, int[] actual) {
        int at = Arrays.mismatch(expected, actual);
        return at < 0 ? Optional.empty() : Optional.of(new Difference(at, token(expected, at), token(actual, at)));
    }

    private static int token(int[] tokens, int at) {
        return at < tokens.length ? tokens[at] : -1;
    }
}
