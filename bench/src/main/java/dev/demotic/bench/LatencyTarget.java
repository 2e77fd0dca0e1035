package dev.demotic.bench;

/**
 * What a user is content with; infinity where there is no limit. Goodput counts the replies that keep all of it (Zhong et al.,
 * 2024, arXiv 2401.09670, DistServe).
 *
 * @param firstSeconds until the first text
 * @param tokenSeconds for each further token, on average over the reply
 * @param seconds until the end
 */
public record LatencyTarget(double firstSeconds, double tokenSeconds, double seconds) {
    /** Whether a request was answered, and in time. */
    public boolean isMet(LoadSample sample) {
        return sample.isAnswered()
                && sample.firstSeconds() <= firstSeconds
                && sample.secondsPerToken() <= tokenSeconds
                && sample.seconds() <= seconds;
    }
}
