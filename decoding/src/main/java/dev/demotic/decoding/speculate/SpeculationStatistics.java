package dev.demotic.decoding.speculate;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What speculation did for a reply, or for several.
 *
 * @param rounds passes of the target after the prompt's, those without a draft included
 * @param tokens emitted by these rounds; the prompt's pass emitted one more
 * @param draftPasses passes of draft models
 * @param depths what became of the drafts, by depth from 1 on
 * @param draftSeconds spent in the drafter
 * @param targetSeconds spent in the target's passes after the prompt's
 * @param samplingSeconds spent in the acceptance rule
 * @param otherSeconds spent otherwise after the prompt's pass: handing on tokens, bookkeeping
 */
public record SpeculationStatistics(
        long rounds,
        long tokens,
        long draftPasses,
        List<Depth> depths,
        double draftSeconds,
        double targetSeconds,
        double samplingSeconds,
        double otherSeconds)
        implements SpeculationReport {

    /**
     * The drafts of one depth.
     *
     * @param drafted nodes
     * @param tested rounds that came so far as to test a node of this depth
     * @param accepted rounds that accepted one
     */
    public record Depth(long drafted, long tested, long accepted) {
        /** The chance that a depth that is reached is passed. */
        public double acceptance() {
            return tested == 0 ? 0 : (double) accepted / tested;
        }

        private Depth plus(Depth other) {
            return new Depth(drafted + other.drafted, tested + other.tested, accepted + other.accepted);
        }
    }

    @Override
    public SpeculationStatistics statistics() {
        return this;
    }

    /** Nothing done yet. */
    public static SpeculationStatistics none() {
        return new SpeculationStatistics(0, 0, 0, List.of(), 0, 0, 0, 0);
    }

    /** Tokens a target pass: 1 for plain decoding, g + 1 if all of g drafts come true. */
    public double blockEfficiency() {
        return rounds == 0 ? 0 : (double) tokens / rounds;
    }

    /** Accepted over tested, over all depths. */
    public double acceptance() {
        long tested = depths.stream().mapToLong(Depth::tested).sum();
        return tested == 0 ? 0 : (double) accepted() / tested;
    }

    /** Nodes drafted. */
    public long drafted() {
        return depths.stream().mapToLong(Depth::drafted).sum();
    }

    /** Drafted tokens that came true. */
    public long accepted() {
        return depths.stream().mapToLong(Depth::accepted).sum();
    }

    /** What came of the rounds, in words. */
    String summary() {
        return "%d tokens in %d rounds, %.2f a round".formatted(tokens, rounds, blockEfficiency());
    }

    /** Both together. */
    public SpeculationStatistics plus(SpeculationStatistics other) {
        List<Depth> sum = new ArrayList<>();
        for (int i = 0; i < Math.max(depths.size(), other.depths.size()); i++) {
            sum.add(depth(i).plus(other.depth(i)));
        }
        return new SpeculationStatistics(
                rounds + other.rounds,
                tokens + other.tokens,
                draftPasses + other.draftPasses,
                List.copyOf(sum),
                draftSeconds + other.draftSeconds,
                targetSeconds + other.targetSeconds,
                samplingSeconds + other.samplingSeconds,
                otherSeconds + other.otherSeconds);
    }

    private Depth depth(int i) {
        return i < depths.size() ? depths.get(i) : new Depth(0, 0, 0);
    }

    @Override
    public Map<String, Object> figures() {
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("rounds", rounds);
        figures.put("tokens", tokens);
        figures.put("block_efficiency", blockEfficiency());
        figures.put("acceptance", acceptance());
        figures.put("drafted", depths.stream().map(Depth::drafted).toList());
        figures.put("tested", depths.stream().map(Depth::tested).toList());
        figures.put("accepted", depths.stream().map(Depth::accepted).toList());
        figures.put("draft_passes", draftPasses);
        figures.put("draft_seconds", draftSeconds);
        figures.put("target_seconds", targetSeconds);
        figures.put("sampling_seconds", samplingSeconds);
        figures.put("other_seconds", otherSeconds);
        return figures;
    }
}
