package dev.demotic.decoding;

import dev.demotic.decoding.sample.TokenLogprobs;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a model answered.
 *
 * @param text the reply, without stop tokens and stop strings
 * @param tokens the ids that were drawn, a final stop token included
 * @param finishReason why it ended
 * @param usage tokens in and out
 * @param timings how long it took
 * @param logprobs one a token if asked for, else empty
 * @param report what the method tells of its work; null if it has nothing to tell
 */
@SuppressWarnings("ArrayRecordComponent")
public record Reply(
        String text,
        int[] tokens,
        FinishReason finishReason,
        Usage usage,
        Timings timings,
        List<TokenLogprobs> logprobs,
        @Nullable MethodReport report) {

    /**
     * @param promptTokens tokens of the whole prompt
     * @param cachedTokens those of them that were in the KV cache already
     * @param completionTokens tokens drawn
     */
    public record Usage(int promptTokens, int cachedTokens, int completionTokens) {
        public int totalTokens() {
            return promptTokens + completionTokens;
        }
    }

    /**
     * @param promptSeconds from the start to the first token: the pass over the prompt
     * @param decodeSeconds from the first token to the last
     */
    public record Timings(double promptSeconds, double decodeSeconds) {}

    /** What the method tells of its work, if that is of this type. */
    public <T extends MethodReport> Optional<T> report(Class<T> type) {
        return type.isInstance(report) ? Optional.of(type.cast(report)) : Optional.empty();
    }

    /** Tokens a second after the first; 0 where there was only one. */
    public double tokensPerSecond() {
        return tokens.length < 2 || timings.decodeSeconds() == 0 ? 0 : (tokens.length - 1) / timings.decodeSeconds();
    }
}
