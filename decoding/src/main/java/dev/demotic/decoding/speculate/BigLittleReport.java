package dev.demotic.decoding.speculate;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What {@link BigLittleDecoding} did for a reply, and how far from the big model it went.
 *
 * @param statistics of the speculation: drafted is what the little model wrote, accepted what the big one left
 * @param departures tokens of the little model that were left though the big one, before bias and penalties, found another
 *     likelier
 */
public record BigLittleReport(SpeculationStatistics statistics, long departures) implements SpeculationReport {
    /** The share of the reply after its first token that the little model wrote. */
    public double littleShare() {
        return statistics.tokens() == 0 ? 0 : (double) statistics.accepted() / statistics.tokens();
    }

    /** Tokens that the big model took back. */
    public long rollbacks() {
        return statistics.depths().stream()
                .mapToLong(depth -> depth.tested() - depth.accepted())
                .sum();
    }

    /** Tokens that the little model wrote in vain: those taken back, and what it wrote after them. */
    public long discarded() {
        return statistics.drafted() - statistics.accepted();
    }

    @Override
    public Map<String, Object> figures() {
        Map<String, Object> figures = new LinkedHashMap<>(statistics.figures());
        figures.put("little_share", littleShare());
        figures.put("rollbacks", rollbacks());
        figures.put("discarded", discarded());
        figures.put("departures", departures);
        return figures;
    }

    @Override
    public List<String> explanation() {
        return List.of(
                statistics.summary(),
                "the little model wrote %.0f %% of them; %d were not what the big one finds likeliest"
                        .formatted(100 * littleShare(), departures),
                "the big model took back %d tokens, and so discarded %d".formatted(rollbacks(), discarded()));
    }
}
