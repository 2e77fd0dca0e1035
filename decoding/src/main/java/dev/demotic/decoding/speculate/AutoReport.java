package dev.demotic.decoding.speculate;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What {@link AutoDecoding} did for a reply, and why.
 *
 * @param statistics of the speculation
 * @param sources what each source of drafts was used for, in a fixed order
 * @param prices what a step cost when the reply was done
 */
public record AutoReport(SpeculationStatistics statistics, List<Source> sources, Prices prices)
        implements SpeculationReport {

    /**
     * The rounds that drafted by one source.
     *
     * @param name of the source; "plain" for rounds without a draft
     * @param rounds how many there were
     * @param drafted nodes
     * @param accepted drafted tokens that came true
     */
    public record Source(String name, long rounds, long drafted, long accepted) {
        /** Tokens a round, the target's own included. */
        public double tokensPerRound() {
            return rounds == 0 ? 0 : 1 + (double) accepted / rounds;
        }
    }

    /**
     * What the decisions rested on, as measured so far.
     *
     * @param stepSeconds a step with one row
     * @param rowRatios how many times that a step with 2, 4, 8, 16 and 32 rows takes
     * @param guessSeconds what the guesser takes a round; 0 if there is none
     * @param sequences sequences in a step, this one included
     */
    public record Prices(double stepSeconds, List<Double> rowRatios, double guessSeconds, double sequences) {}

    @Override
    public Map<String, Object> figures() {
        Map<String, Object> figures = new LinkedHashMap<>(statistics.figures());
        Map<String, Object> bySource = new LinkedHashMap<>();
        for (Source source : sources) {
            Map<String, Object> use = new LinkedHashMap<>();
            use.put("rounds", source.rounds());
            use.put("drafted", source.drafted());
            use.put("accepted", source.accepted());
            bySource.put(source.name(), use);
        }
        figures.put("sources", bySource);
        figures.put("step_seconds", prices.stepSeconds());
        figures.put("row_ratios", prices.rowRatios());
        figures.put("guess_seconds", prices.guessSeconds());
        figures.put("sequences", prices.sequences());
        return figures;
    }

    /** What was chosen and why, in sentences. */
    @Override
    public List<String> explanation() {
        List<String> lines = new ArrayList<>();
        lines.add(statistics.summary());
        for (Source source : sources) {
            if (source.rounds() > 0) {
                double drafted = (double) source.drafted() / source.rounds();
                lines.add("%s: %d rounds, with %.1f tokens drafted and %.1f emitted in each"
                        .formatted(source.name(), source.rounds(), drafted, source.tokensPerRound()));
            }
        }
        String why = "because a step takes %.2f ms".formatted(1e3 * prices.stepSeconds());
        for (int i = 0; i < prices.rowRatios().size(); i++) {
            why += ", %.2f times that with %d rows".formatted(prices.rowRatios().get(i), 2 << i);
        }
        lines.add(why);
        if (prices.guessSeconds() > 0) {
            lines.add("and guessing takes %.2f ms a round".formatted(1e3 * prices.guessSeconds()));
        }
        if (prices.sequences() > 1.5) {
            lines.add("while %.0f sequences share each step".formatted(prices.sequences()));
        }
        return lines;
    }

    /** Counts while a reply is made. */
    static final class Counter {
        private final Map<AutoController.Choice, long[]> counts = new EnumMap<>(AutoController.Choice.class);

        void round(AutoController.Choice choice, int drafted, int accepted) {
            long[] count = counts.computeIfAbsent(choice, _ -> new long[3]);
            count[0]++;
            count[1] += drafted;
            count[2] += accepted;
        }

        private Source source(String name, AutoController.Choice choice) {
            long[] count = counts.getOrDefault(choice, new long[3]);
            return new Source(name, count[0], count[1], count[2]);
        }

        List<Source> sources(String guesser) {
            return List.of(
                    source("plain", AutoController.Choice.NONE),
                    source("copy", AutoController.Choice.COPY),
                    source(guesser, AutoController.Choice.GUESS));
        }
    }
}
