package dev.demotic.decoding.speculate;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What {@link SpecReason} did for a reply, or for several.
 *
 * @param statistics of the speculation: drafted is what the small model wrote, as steps and within the large one's, accepted what
 *     was kept; a judgement is a round
 * @param accepted steps of the small model that were kept
 * @param rewritten steps of the small model in whose place the large one wrote
 * @param reserved steps of the large model that the small one was not asked for, or was not able to write
 * @param smallTokens tokens of the reply that the small model wrote
 * @param largeTokens tokens of the reply that the large one wrote
 * @param scores of the judged steps, in order
 * @param smallSeconds in which the small model wrote steps
 * @param judgeSeconds in which the large one read and judged them: the price of judging, where they were rewritten; where they
 *     were kept, it had to read them anyway
 * @param largeSeconds in which the large one wrote
 */
public record SpecReasonReport(
        SpeculationStatistics statistics,
        long accepted,
        long rewritten,
        long reserved,
        long smallTokens,
        long largeTokens,
        List<Double> scores,
        double smallSeconds,
        double judgeSeconds,
        double largeSeconds)
        implements SpeculationReport {

    /** Nothing done yet. */
    public static SpecReasonReport none() {
        return new SpecReasonReport(SpeculationStatistics.none(), 0, 0, 0, 0, 0, List.of(), 0, 0, 0);
    }

    /** Both together. */
    public SpecReasonReport plus(SpecReasonReport other) {
        return new SpecReasonReport(
                statistics.plus(other.statistics),
                accepted + other.accepted,
                rewritten + other.rewritten,
                reserved + other.reserved,
                smallTokens + other.smallTokens,
                largeTokens + other.largeTokens,
                Stream.concat(scores.stream(), other.scores.stream()).toList(),
                smallSeconds + other.smallSeconds,
                judgeSeconds + other.judgeSeconds,
                largeSeconds + other.largeSeconds);
    }

    /** Passes of the large model that judged a step. */
    public long judgePasses() {
        return scores.size();
    }

    /** The share of judged steps that were kept; 0 if there was none. */
    public double stepAcceptance() {
        return judgePasses() == 0 ? 0 : (double) accepted / judgePasses();
    }

    /** The share of the reply that the small model wrote. */
    public double smallShare() {
        return smallTokens == 0 ? 0 : (double) smallTokens / (smallTokens + largeTokens);
    }

    @Override
    public Map<String, Object> figures() {
        Map<String, Object> figures = new LinkedHashMap<>(statistics.figures());
        figures.put("steps_accepted", accepted);
        figures.put("steps_rewritten", rewritten);
        figures.put("steps_reserved", reserved);
        figures.put("step_scores", scores);
        figures.put("small_tokens", smallTokens);
        figures.put("large_tokens", largeTokens);
        figures.put("judge_passes", judgePasses());
        figures.put("small_seconds", smallSeconds);
        figures.put("judge_seconds", judgeSeconds);
        figures.put("large_seconds", largeSeconds);
        return figures;
    }

    @Override
    public List<String> explanation() {
        return List.of(
                "%d steps of the small model were kept, %d rewritten, and %d were the large one's from the start"
                        .formatted(accepted, rewritten, reserved),
                "the small model wrote %d of %d tokens, %.0f %%"
                        .formatted(smallTokens, smallTokens + largeTokens, 100 * smallShare()),
                "the small model wrote steps for %.2f s, the large one judged for %.2f s, in %d passes, and wrote for %.2f s"
                        .formatted(smallSeconds, judgeSeconds, judgePasses(), largeSeconds),
                "scores: "
                        + String.join(
                                " ", scores.stream().map("%.1f"::formatted).toList()));
    }
}
