package dev.demotic.decoding.speculate;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Keeps the books of {@link SpecReason} while a reply is made. */
final class StepAccount {
    private final List<Double> scores = new ArrayList<>();
    private final List<Integer> written = new ArrayList<>();
    private final List<Integer> kept = new ArrayList<>();
    private long accepted;
    private long largeSteps;
    private long largeTokens;
    private SpeculationStatistics largeRounds = SpeculationStatistics.none();
    private long smallNanos;
    private long judgeNanos;
    private long largeNanos;

    /** The small model has written for so long. */
    void wrote(long nanos) {
        smallNanos += nanos;
    }

    /** The large model has judged a step of so many tokens. */
    void judged(int tokens, double score, long nanos) {
        scores.add(score);
        written.add(tokens);
        kept.add(0);
        judgeNanos += nanos;
    }

    /** The step that was judged last is kept, as far as the reply went. */
    void keeps(int tokens) {
        accepted++;
        kept.set(kept.size() - 1, tokens);
    }

    /** A token of the large model's. */
    void largeToken() {
        largeTokens++;
    }

    /** The account of the large model's rounds after the first one of a step. */
    void largeRounds(SpeculationStatistics rounds) {
        largeRounds = largeRounds.plus(rounds);
    }

    /** The large model has written a step for so long. */
    void largeStep(long nanos) {
        largeSteps++;
        largeNanos += nanos;
    }

    /** @param smallPasses of the small model, whatever it wrote for */
    SpecReasonReport report(long smallPasses) {
        long rewritten = scores.size() - accepted;
        long smallTokens = kept.stream().mapToInt(Integer::intValue).sum();
        double smallSeconds = smallNanos / 1e9;
        double judgeSeconds = judgeNanos / 1e9;
        double largeSeconds = largeNanos / 1e9;
        double firstPasses = largeSeconds
                - largeRounds.draftSeconds()
                - largeRounds.targetSeconds()
                - largeRounds.samplingSeconds()
                - largeRounds.otherSeconds();
        SpeculationStatistics steps = new SpeculationStatistics(
                scores.size() + largeSteps,
                smallTokens + largeTokens - largeRounds.tokens(),
                smallPasses,
                depths(),
                smallSeconds,
                judgeSeconds + firstPasses,
                0,
                0);
        return new SpecReasonReport(
                steps.plus(largeRounds),
                accepted,
                rewritten,
                largeSteps - rewritten,
                smallTokens,
                largeTokens,
                List.copyOf(scores),
                smallSeconds,
                judgeSeconds,
                largeSeconds);
    }

    /** A step is tested as a whole. */
    private List<SpeculationStatistics.Depth> depths() {
        int longest = written.stream().mapToInt(Integer::intValue).max().orElse(0);
        return IntStream.range(0, longest)
                .mapToObj(depth -> {
                    long drafted =
                            written.stream().filter(tokens -> tokens > depth).count();
                    long left = kept.stream().filter(tokens -> tokens > depth).count();
                    return new SpeculationStatistics.Depth(drafted, drafted, left);
                })
                .toList();
    }
}
