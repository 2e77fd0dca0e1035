package dev.demotic.decoding.speculate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.decoding.PlainDecoding;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import dev.demotic.runtime.tensor.TensorType;
import dev.demotic.runtime.testing.TinyModel;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Layer skipping on a model with random weights; on trained ones, {@link TrainedModelsTest}. */
class SwiftTest {
    private static LanguageModel target;

    @BeforeAll
    static void open() {
        target = LanguageModel.open(
                new TinyModel(TensorType.F32, 2, 3, 4, 5, 6, 7),
                ModelOptions.defaults().withThreads(1).withSequences(2));
    }

    @AfterAll
    static void close() {
        target.close();
    }

    private static SpeculativeDecoding swift(int choices, int tokens, double least) {
        return new SpeculativeDecoding(
                Swift.of(target, 0.45, choices, 6, 1, 40), new Rejection(), new WhileConfident(tokens, least));
    }

    private static int[] prompt(long seed) {
        return new Random(seed).ints(9, 0, TinyModel.VOCABULARY).toArray();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 10})
    void theTextIsPlainDecodingsAtEveryTemperatureWhileTheSearchGoesOn(int choices) {
        SpeculativeDecoding method = swift(choices, 6, 0.0);
        for (long seed = 0; seed < 4; seed++) {
            for (double temperature : new double[] {0, 0.7}) {
                SamplingSettings settings = SamplingSettings.greedy()
                        .withTemperature(temperature)
                        .withFrequencyPenalty(0.4)
                        .withSeed(seed);
                List<Integer> expected = Replies.of(target, new PlainDecoding(), settings, prompt(seed), 50).tokens;
                assertThat(Replies.of(target, method, settings, prompt(seed), 50).tokens)
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void theSearchLastsFromReplyToReply() {
        // 20 to 39 rounds a reply, so one or two trials of the three other sets that there are.
        SpeculativeDecoding method = new SpeculativeDecoding(
                Swift.of(target, 0.45, 1, 6, 15, 40), new Rejection(), new WhileConfident(1, 0));
        SwiftReport first = report(method, 1);
        SwiftReport second = report(method, 2);
        assertThat(first.trials()).isPositive();
        assertThat(second.trials()).isGreaterThan(first.trials());
        assertThat(first.skipped()).hasSize(1);
        assertThat(first.figures()).containsKeys("block_efficiency", "skipped_layers");
        assertThat(first.explanation()).hasSize(2);
        assertThat(first.statistics().draftPasses())
                .as("two a trial, one a drafted token")
                .isEqualTo(first.statistics().drafted() + 2L * first.trials());
    }

    private static SwiftReport report(SpeculativeDecoding method, long seed) {
        // Hot text does not repeat itself, so that no set of layers is good enough at once.
        SamplingSettings hot = SamplingSettings.unchanged().withTemperature(2).withSeed(seed);
        return (SwiftReport) Replies.of(target, method, hot, prompt(seed), 40).report();
    }

    @Test
    void draftsEndWhereConfidenceDoes() {
        // A gap of ln 3 between two logits, all others far below: probabilities of 3/4 and 1/4.
        MemorySegment logits = MemorySegment.ofArray(new float[] {(float) Math.log(3), 0, -100, -100});
        WhileConfident policy = new WhileConfident(4, 0.7);
        assertThat(policy.limit()).isEqualTo(4);
        assertThat(policy.goesOn(new DraftStep(1, 0, logits))).isTrue();
        assertThat(policy.goesOn(new DraftStep(1, 1, logits))).isFalse();
        long sure = Replies.of(target, swift(1, 8, 0.99), SamplingSettings.greedy(), prompt(3), 40)
                .statistics()
                .drafted();
        long any = Replies.of(target, swift(1, 8, 0), SamplingSettings.greedy(), prompt(3), 40)
                .statistics()
                .drafted();
        assertThat(sure).isLessThan(any);
        assertThatThrownBy(() -> new WhileConfident(4, 1.5))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("a probability from 0 to 1");
    }
}
