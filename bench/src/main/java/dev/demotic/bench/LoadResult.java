package dev.demotic.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a load found.
 *
 * @param request what was asked of whom
 * @param load the load
 * @param samples its requests, in order
 * @param seconds from the start to the end of the last reply
 */
public record LoadResult(LoadRequest request, Load load, List<LoadSample> samples, double seconds) {
    /** This and what another round of the same load found. */
    public LoadResult with(LoadResult round) {
        return new LoadResult(
                request,
                load,
                Stream.concat(samples.stream(), round.samples.stream()).toList(),
                seconds + round.seconds);
    }

    private Stream<LoadSample> answered() {
        return samples.stream().filter(LoadSample::isAnswered);
    }

    /** Replies that came complete. */
    public int replies() {
        return (int) answered().count();
    }

    public Percentiles firstSeconds() {
        return over(LoadSample::firstSeconds);
    }

    /** Between one piece of text and the next, over all replies. */
    public Percentiles gaps() {
        return Percentiles.of(answered().flatMapToDouble(sample -> Arrays.stream(sample.gaps())));
    }

    public Percentiles secondsPerToken() {
        return over(LoadSample::secondsPerToken);
    }

    public Percentiles replySeconds() {
        return over(LoadSample::seconds);
    }

    private Percentiles over(ToDoubleFunction<LoadSample> value) {
        return Percentiles.of(answered().mapToDouble(value));
    }

    public double repliesPerSecond() {
        return replies() / seconds;
    }

    public double tokensPerSecond() {
        return answered().mapToInt(LoadSample::tokens).sum() / seconds;
    }

    public double meanPromptTokens() {
        return answered().mapToInt(LoadSample::promptTokens).average().orElse(0);
    }

    public double meanTokens() {
        return answered().mapToInt(LoadSample::tokens).average().orElse(0);
    }

    /** Replies a second that kept the target. */
    public double goodput(LatencyTarget target) {
        return samples.stream().filter(target::isMet).count() / seconds;
    }

    /** How often what went wrong. */
    public Map<String, Long> errors() {
        return samples.stream()
                .flatMap(sample -> sample.error().stream())
                .collect(Collectors.groupingBy(Function.identity(), TreeMap::new, Collectors.counting()));
    }
}
