package dev.demotic.decoding.speculate;

import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.MethodReport;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.Sequence;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Takes what a method puts out, without a tokenizer. */
class Replies implements DecodingMethod.Sink {
    final List<Integer> tokens = new ArrayList<>();
    private final int limit;
    private final Set<Integer> stops;
    private @Nullable MethodReport report;

    Replies(int limit, Set<Integer> stops) {
        this.limit = limit;
        this.stops = stops;
    }

    @Override
    public boolean accept(int token, MemorySegment logits) {
        tokens.add(token);
        return wanted() > 0 && !endsWith(token);
    }

    @Override
    public int wanted() {
        return limit - tokens.size();
    }

    @Override
    public boolean endsWith(int token) {
        return stops.contains(token);
    }

    @Override
    public void report(MethodReport account) {
        report = account;
    }

    MethodReport report() {
        return Objects.requireNonNull(report);
    }

    SpeculationStatistics statistics() {
        return report instanceof SpeculationReport account ? account.statistics() : SpeculationStatistics.none();
    }

    /** A reply of at most {@code limit} tokens in a sequence that they just fit. */
    static Replies of(
            LanguageModel model,
            DecodingMethod method,
            SamplingSettings settings,
            int[] prompt,
            int limit,
            Integer... stops) {
        int capacity = Math.min(model.context(), prompt.length + limit);
        try (Sequence sequence = model.newSequence(capacity)) {
            Replies reply = new Replies(limit, Set.of(stops));
            Sampler sampler = new Sampler(settings, model.config().vocabulary());
            sampler.history().begin(prompt);
            method.decode(sequence, prompt, sampler, reply);
            if (sequence.length() != prompt.length + reply.tokens.size() - 1) {
                throw new AssertionError("the sequence holds " + sequence.length() + " tokens after a prompt of "
                        + prompt.length + " and a reply of " + reply.tokens.size());
            }
            return reply;
        }
    }
}
