package dev.demotic.decoding.speculate;

import static dev.demotic.decoding.speculate.TinyModels.PENALIZED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.decoding.PlainDecoding;
import dev.demotic.decoding.method.Methods;
import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Sequence;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The corners where its text is known, and the way between them, on models with random weights and on tables. */
class BigLittleDecodingTest {
    private static final SamplingSettings GREEDY = SamplingSettings.greedy();
    private static final SamplingSettings SAMPLED = SamplingSettings.unchanged();
    private static final int TEXTS = 150_000;
    private static final double NEVER = 1000;

    private static LanguageModel big;
    private static LanguageModel little;

    private final Toy toy = new Toy(4, 11);

    @BeforeAll
    static void open() {
        ModelOptions options = ModelOptions.defaults().withThreads(1).withSequences(2);
        big = TinyModels.large(options);
        little = TinyModels.small(options);
    }

    @AfterAll
    static void close() {
        big.close();
        little.close();
    }

    private static int[] prompt(long seed) {
        return TinyModels.prompt(seed, 9);
    }

    private static List<Integer> plain(SamplingSettings settings, int[] prompt, int limit, Integer... stops) {
        return Replies.of(big, new PlainDecoding(), settings, prompt, limit, stops).tokens;
    }

    private static Replies reply(
            double fallback, double rollback, SamplingSettings settings, int[] prompt, int limit, Integer... stops) {
        BigLittleDecoding method = new BigLittleDecoding(new DraftModel(little, new Chain(fallback)), rollback, 6);
        return Replies.of(big, method, settings, prompt, limit, stops);
    }

    private static BigLittleReport report(double rollback) {
        return (BigLittleReport) reply(0, rollback, GREEDY, prompt(1), 100).report();
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.2, 0.6, 1})
    void aThresholdOfZeroIsTheBigModelsOwnText(double fallback) {
        for (SamplingSettings settings : List.of(GREEDY, PENALIZED)) {
            for (long seed = 0; seed < 4; seed++) {
                assertThat(reply(fallback, 0, settings, prompt(seed), 60).tokens)
                        .isEqualTo(plain(settings, prompt(seed), 60));
            }
        }
        List<Integer> text = plain(GREEDY, prompt(2), 30);
        for (int at = 0; at < 30; at += 3) {
            Integer stop = text.get(at);
            assertThat(reply(fallback, 0, GREEDY, prompt(2), 30, stop).tokens)
                    .isEqualTo(text.subList(0, text.indexOf(stop) + 1));
        }
    }

    @Test
    void aLittleModelThatIsSeldomSureWritesLittle() {
        Replies reply = reply(1, NEVER, GREEDY, prompt(3), 60);
        assertThat(reply.tokens).isEqualTo(plain(GREEDY, prompt(3), 60));
        assertThat(reply.statistics().drafted())
                .as("what it is certain of but for rounding")
                .isLessThan(6);
    }

    /** Six tokens of the little model, one of the big one, and so on; the first is the big one's. */
    @Test
    void withoutThresholdsTheModelsTakeTurns() {
        int[] prompt = prompt(4);
        List<Integer> tokens = reply(0, NEVER, GREEDY, prompt, 1 + 8 * 7).tokens;
        assertThat(tokens).isNotEqualTo(plain(GREEDY, prompt, 1 + 8 * 7));
        try (Sequence bigText = big.newSequence();
                Sequence littleText = little.newSequence()) {
            Outputs byBig = bigText.append(prompt);
            Outputs byLittle = littleText.append(prompt);
            for (int i = 0; i < tokens.size(); i++) {
                Outputs writer = i % 7 == 0 ? byBig : byLittle;
                assertThat(tokens.get(i)).as("token %d", i).isEqualTo(writer.argmax(writer.last()));
                byBig = bigText.append(tokens.get(i));
                byLittle = littleText.append(tokens.get(i));
            }
        }
    }

    @Test
    void theAccountAddsUp() {
        BigLittleReport exact = report(0);
        BigLittleReport free = report(NEVER);
        assertThat(exact.departures()).isZero();
        assertThat(exact.rollbacks()).isPositive();
        assertThat(free.departures()).isPositive();
        assertThat(free.rollbacks()).isZero();
        assertThat(free.discarded()).isZero();
        assertThat(free.littleShare()).isGreaterThan(exact.littleShare()).isGreaterThan(0.8);
        for (BigLittleReport report : List.of(exact, report(2), free)) {
            assertThat(report.discarded()).isGreaterThanOrEqualTo(report.rollbacks());
            assertThat(report.statistics().tokens())
                    .as("what is kept, and one a round of the big model's")
                    .isEqualTo(
                            report.statistics().accepted() + report.statistics().rounds());
            assertThat(report.figures()).containsKeys("block_efficiency", "little_share", "departures");
            assertThat(report.explanation()).hasSize(3);
        }
    }

    /** A chain with a least probability ends just where its predictor gives none so much. */
    @Test
    void aChainFallsBackBeforeItIsUnsure() {
        Sampler sampler = new Sampler(GREEDY, 4);
        double least = 0.4;
        Drafter.Session session = new PredictorSession(toy.predictor(), new Chain(least), toy.context(sampler, 3));
        DraftTree tree = new DraftTree();
        int ended = 0;
        for (int pending = 0; pending < 4; pending++) {
            sampler.history().begin(new int[] {pending});
            tree.begin(pending, 3, 64, _ -> false);
            session.propose(tree);
            for (int node = 1; node < tree.size(); node++) {
                assertThat(best(tree.token(node - 1))).isGreaterThanOrEqualTo(least);
            }
            if (tree.size() < 4) {
                ended++;
                assertThat(best(tree.token(tree.size() - 1))).isLessThan(least);
            }
        }
        assertThat(ended).isBetween(1, 3);
        assertThatThrownBy(() -> new Chain(1.5))
                .isInstanceOf(DemoticException.class)
                .hasMessage("a chain ends where no token has a probability of 1.5, but that must be from 0 to 1");
    }

    private double best(int token) {
        Distribution q = new Distribution();
        new Sampler(SAMPLED, 4).mostLikely(toy.draftAfter(token), 1, q);
        return q.weight(0);
    }

    /** p is (0.5, 0.3, 0.2): the surprise at the second token is 1.204 nats. */
    @Test
    void takesBackWhatSurprisesMoreThanTheThreshold() {
        MemorySegment row = Arena.ofAuto().allocate(12, 64);
        double[] p = {0.5, 0.3, 0.2};
        for (int i = 0; i < 3; i++) {
            row.setAtIndex(JAVA_FLOAT, i, (float) Math.log(p[i]));
        }
        assertThat(next(new Rollback(1.21), row, 1)).isEqualTo(1);
        assertThat(next(new Rollback(1.20), row, 1)).isZero();
        assertThat(next(new Rollback(0), row, 0))
                .as("its own token, though surprising")
                .isZero();
        assertThat(next(new Rollback(1.62), row, 2)).isEqualTo(2);
        assertThat(next(new Rollback(1.60), row, 2)).isZero();
    }

    private static int next(Rollback rule, MemorySegment row, int drafted) {
        Sampler sampler = new Sampler(GREEDY, 3);
        sampler.history().begin(new int[] {0});
        DraftTree tree = new DraftTree();
        tree.begin(0, 4, 16, _ -> false);
        tree.add(DraftTree.ROOT, drafted);
        int token = rule.next(tree, DraftTree.ROOT, _ -> row, sampler, new Distribution());
        assertThat(sampler.history().token(1)).isEqualTo(token);
        return token;
    }

    @Test
    void sampledTextIsTheBigModelsAtAThresholdOfZeroOnly() {
        Toy.Drafting chain = context -> new PredictorSession(toy.predictor(), new Chain(0.3), context);
        SamplingSettings cut = SAMPLED.withTopP(0.9).withPresencePenalty(0.5);
        for (SamplingSettings settings : List.of(SAMPLED, cut)) {
            assertThat(toy.zScore(settings, TEXTS, new Rollback(0)::next, chain, 3))
                    .isLessThan(4);
            assertThat(toy.zScore(settings, TEXTS, new Rejection()::next, chain, 3))
                    .as("where a chain falls back tells nothing of its draws")
                    .isLessThan(4);
            assertThat(toy.zScore(settings, TEXTS, new Rollback(1.5)::next, chain, 3))
                    .isGreaterThan(40)
                    .as("no token that was cut off")
                    .isFinite();
        }
    }

    @Test
    void isLossyAndSaysSo() {
        assertThat(Methods.named("bild").isLossless()).isFalse();
        assertThat(new Rollback(5).isLossless()).isFalse();
        assertThat(new Rollback(0).isLossless()).isTrue();
        assertThatThrownBy(() -> new Rollback(-1))
                .isInstanceOf(DemoticException.class)
                .hasMessage("the rollback threshold is -1.0 nats, but must be a number of at least 0");
        assertThatThrownBy(() -> new Rollback(Double.POSITIVE_INFINITY)).isInstanceOf(DemoticException.class);
    }
}
