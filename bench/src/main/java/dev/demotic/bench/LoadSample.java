package dev.demotic.bench;

import java.util.Optional;

/**
 * What became of one request. Times count from the moment at which it was due, so that a server that keeps clients waiting
 * looks no better for it.
 *
 * @param index of the request in its load
 * @param dueSeconds when it was due, after the load's start
 * @param firstSeconds until the first text came
 * @param seconds until the reply was complete
 * @param promptTokens as the server counted them; 0 if it did not
 * @param tokens of the reply, as the server counted them, or else the pieces that came
 * @param gaps seconds between one piece of text and the next
 * @param error what went wrong, if anything did
 */
public record LoadSample(
        int index,
        double dueSeconds,
        double firstSeconds,
        double seconds,
        int promptTokens,
        int tokens,
        double[] gaps,
        Optional<String> error) {
    public boolean isAnswered() {
        return error.isEmpty();
    }

    /** Seconds for each token after the first; 0 where there was no other. */
    public double secondsPerToken() {
        return tokens < 2 ? 0 : (seconds - firstSeconds) / (tokens - 1);
    }
}
