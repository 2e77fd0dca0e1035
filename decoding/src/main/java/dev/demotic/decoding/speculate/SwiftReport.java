package dev.demotic.decoding.speculate;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What {@link Swift} did for a reply, and which layers it skips by now.
 *
 * @param statistics of the speculation; its draft passes and seconds include the search's
 * @param skipped layers, from 0 on
 * @param score the share of tokens that the others guessed on average in trials; 0 if there was none
 * @param trials of the search so far, over all replies
 */
public record SwiftReport(SpeculationStatistics statistics, List<Integer> skipped, double score, int trials)
        implements SpeculationReport {
    SwiftReport(SpeculationStatistics statistics, LayerSearch.State state) {
        this(statistics, state.skipped(), state.score(), state.trials());
    }

    @Override
    public Map<String, Object> figures() {
        Map<String, Object> figures = new LinkedHashMap<>(statistics.figures());
        figures.put("skipped_layers", skipped);
        figures.put("score", score);
        figures.put("trials", trials);
        return figures;
    }

    @Override
    public List<String> explanation() {
        return List.of(
                statistics.summary(),
                "drafts skip layers %s; the others guessed %.0f %% of the tokens in trials, of which there were %d so far"
                        .formatted(skipped, 100 * score, trials));
    }
}
