package dev.demotic.bench;

import dev.demotic.bench.MethodBench.Contestant;
import dev.demotic.bench.MethodBench.Progress;
import dev.demotic.bench.ReasoningReport.Run;
import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.FinishReason;
import dev.demotic.decoding.Generation;
import dev.demotic.decoding.Reply;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.decoding.sample.TokenLogprobs;
import dev.demotic.decoding.speculate.SpecReasonReport;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;

/**
 * Has methods solve problems, among them the large model alone: how often they come to the right number, how likely the large
 * model finds their replies, and how long they take. All methods run on a problem before any on the next, in an order that rotates.
 *
 * @param tokens the most of a reply
 * @param sampling how tokens are chosen
 */
public record ReasoningBench(int tokens, SamplingSettings sampling) {
    /**
     * Runs them.
     *
     * @param methods those that are compared with plain decoding, which comes first in the report
     * @throws DemoticException if no problem fits the context
     */
    public ReasoningReport run(
            LanguageModel large, List<Contestant> methods, List<ReasoningProblem> problems, Progress progress) {
        List<Contestant> all = new ArrayList<>(List.of(Contestant.plain()));
        all.addAll(methods);
        Generation generation =
                Generation.with(large).sampling(sampling).maxTokens(tokens).logprobs(1);
        List<ReasoningProblem> fitting = problems.stream()
                .filter(problem -> encode(generation, problem).length + tokens <= large.context())
                .toList();
        if (fitting.isEmpty()) {
            throw new DemoticException("no problem leaves room for %d tokens in a context of %,d; ask for fewer tokens"
                    .formatted(tokens, large.context()));
        }
        int total = (fitting.size() + 1) * all.size();
        int done = 0;
        List<DecodingMethod> makers = new ArrayList<>();
        Map<String, List<Run>> runs = new LinkedHashMap<>();
        for (Contestant contestant : all) {
            progress.at(done++, total, "warming up " + contestant.name());
            makers.add(contestant.maker().get());
            runs.put(contestant.name(), new ArrayList<>());
            run(generation.method(makers.getLast()), fitting.getLast());
        }
        for (int i = 0; i < fitting.size(); i++) {
            for (int j = 0; j < all.size(); j++) {
                int turn = (i + j) % all.size();
                String name = all.get(turn).name();
                progress.at(done++, total, name);
                Run run = run(generation.method(makers.get(turn)), fitting.get(i));
                runs.computeIfAbsent(name, _ -> new ArrayList<>()).add(run);
            }
        }
        return new ReasoningReport(
                Machine.here(),
                large.device(),
                large.source().path().toString(),
                fitting.size(),
                sampling.temperature(),
                List.copyOf(runs.keySet()),
                runs);
    }

    private static int[] encode(Generation generation, ReasoningProblem problem) {
        return MethodBench.encode(
                generation, new BenchPrompt("reasoning", String.valueOf(problem.id()), problem.question(), true));
    }

    private static Run run(Generation generation, ReasoningProblem problem) {
        int[] prompt = encode(generation, problem);
        long began = System.nanoTime();
        Reply reply = generation.complete(prompt, _ -> {});
        double seconds = (System.nanoTime() - began) / 1e9;
        if (reply.finishReason() == FinishReason.CANCELLED) {
            throw new CancellationException("the measurement was interrupted");
        }
        return new Run(
                problem.isSolvedBy(reply.text()),
                reply.tokens().length,
                seconds,
                reply.logprobs().stream().mapToDouble(TokenLogprobs::logprob).sum(),
                (int) reply.logprobs().stream()
                        .filter(token -> token.alternatives().getFirst().token() == token.token())
                        .count(),
                reply.report(SpecReasonReport.class).orElse(SpecReasonReport.none()));
    }
}
