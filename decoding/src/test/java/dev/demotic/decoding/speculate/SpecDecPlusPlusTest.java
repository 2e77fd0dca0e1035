package dev.demotic.decoding.speculate;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.demotic.decoding.PlainDecoding;
import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Pass;
import dev.demotic.runtime.Sequence;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The stopping rule, on tables and on models with random weights; on trained ones, {@link TrainedModelsTest}. */
class SpecDecPlusPlusTest {
    private static final SamplingSettings SAMPLED = SamplingSettings.unchanged();
    private static final int TEXTS = 150_000;

    private static LanguageModel target;
    private static LanguageModel draft;

    private final Toy toy = new Toy(4, 11);

    @BeforeAll
    static void open() {
        ModelOptions options = ModelOptions.defaults().withThreads(1).withSequences(2);
        target = TinyModels.large(options);
        draft = TinyModels.small(options);
    }

    @AfterAll
    static void close() {
        target.close();
        draft.close();
    }

    private static SpeculativeDecoding method(DraftLength policy) {
        return new SpeculativeDecoding(new DraftModel(draft, new Chain()), new Rejection(), policy);
    }

    private static int[] prompt(long seed) {
        return TinyModels.prompt(seed, 9);
    }

    private static Replies plain(SamplingSettings settings, int[] prompt, int limit) {
        return Replies.of(target, new PlainDecoding(), settings, prompt, limit);
    }

    /** A draft step whose first token has this probability by the draft model; the others share the rest. */
    private static DraftStep step(int depth, double probability) {
        float[] logits = {(float) Math.log(probability), (float) Math.log((1 - probability) / 2), 0};
        logits[2] = logits[1];
        return new DraftStep(depth, 0, MemorySegment.ofArray(logits));
    }

    @Test
    void stopsWhenAtLeastOneRejectionIsLikelierThanTheThreshold() {
        AcceptanceEstimator byProbability = DraftStep::probability;
        DraftLength policy = new SpecDecPlusPlus(byProbability, 0.5, 9).forReply();
        assertThat(policy.limit()).isEqualTo(9);
        for (int draftOf = 0; draftOf < 2; draftOf++) {
            assertThat(policy.goesOn(step(1, 0.9))).isTrue();
            assertThat(policy.goesOn(step(2, 0.8))).isTrue();
            assertThat(policy.goesOn(step(3, 0.7)))
                    .as("0.9 * 0.8 * 0.7 = 0.504")
                    .isTrue();
            assertThat(policy.goesOn(step(4, 0.99))).as("0.504 * 0.99 < 0.5").isFalse();
        }
        assertThat(new SpecDecPlusPlus(byProbability, 0, 9).goesOn(step(1, 0.999)))
                .isFalse();
        assertThat(new SpecDecPlusPlus(byProbability, 1, 9).goesOn(step(1, 0.001)))
                .isTrue();
        assertThatThrownBy(() -> SpecDecPlusPlus.calibrated(1.5, 9))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("take at least one, and a probability from 0 to 1");
        assertThatThrownBy(() -> SpecDecPlusPlus.calibrated(0.5, 0)).hasMessageContaining("at most 0 tokens");
    }

    @Test
    void confidenceIsOfTheDraftModelsOwnDistribution() {
        DraftStep.Confidence confidence = step(1, 0.5).confidence();
        assertThat(confidence.probability()).isCloseTo(0.5, within(1e-6));
        assertThat(confidence.entropy()).isCloseTo(1.5 * Math.log(2), within(1e-6));
        MemorySegment banned = MemorySegment.ofArray(new float[] {3, Float.NEGATIVE_INFINITY});
        assertThat(new DraftStep(1, 0, banned).confidence()).isEqualTo(new DraftStep.Confidence(1, 0));
    }

    @Test
    void theEstimatorIsToldOfEachTokenThatWasTested() {
        List<String> told = new ArrayList<>();
        AcceptanceEstimator estimator = new AcceptanceEstimator() {
            @Override
            public double chance(DraftStep step) {
                return 1;
            }

            @Override
            public void tested(int depth, boolean isAccepted) {
                told.add(depth + (isAccepted ? "+" : "-"));
            }
        };
        SpecDecPlusPlus policy = new SpecDecPlusPlus(estimator, 0.5, 9);
        DraftTree tree = new DraftTree();
        tree.begin(0, 9, 64, _ -> false);
        int first = tree.add(DraftTree.ROOT, 1);
        int sibling = tree.add(DraftTree.ROOT, 4);
        int second = tree.add(first, 2);
        int third = tree.add(second, 3);
        assertThat(told(policy, tree, 3, third, told)).containsExactly("1+", "2+", "3+");
        assertThat(told(policy, tree, 2, third, told)).as("one was not judged").containsExactly("1+", "2+");
        assertThat(told(policy, tree, 3, first, told)).containsExactly("1+", "2-");
        assertThat(told(policy, tree, 3, DraftTree.ROOT, told)).containsExactly("1-");
        assertThat(told(policy, tree, 3, sibling, told))
                .as("its sibling came true")
                .containsExactly("1-");
        assertThat(told(policy, tree, 0, third, told)).as("a draft without it").isEmpty();
    }

    @SuppressWarnings("NullAway") // the rule reads no outputs
    private static List<String> told(SpecDecPlusPlus policy, DraftTree tree, int judged, int last, List<String> told) {
        told.clear();
        for (int depth = 1; depth <= judged; depth++) {
            policy.goesOn(step(depth, 0.5));
        }
        policy.verified(new Verification(tree, null, last, 0, 0));
        return told;
    }

    /** A table of ten bins of predicted chances: the most that a bin's mean is off. */
    private static double calibrationError(List<double[]> judged) {
        double worst = 0;
        for (int bin = 0; bin < 10; bin++) {
            double low = bin / 10.0;
            List<double[]> inside = judged.stream()
                    .filter(pair -> pair[0] >= low && pair[0] < low + 0.1)
                    .toList();
            if (inside.size() >= 100) {
                double predicted =
                        inside.stream().mapToDouble(pair -> pair[0]).average().orElseThrow();
                double actual =
                        inside.stream().mapToDouble(pair -> pair[1]).average().orElseThrow();
                worst = Math.max(worst, Math.abs(predicted - actual));
            }
        }
        return worst;
    }

    @Test
    void theLogisticEstimatorBecomesCalibrated() {
        // The log odds of a made-up target: far from what the estimator begins with.
        Random random = new Random(3);
        LogisticEstimator learns = new LogisticEstimator();
        LogisticEstimator fresh = new LogisticEstimator();
        List<double[]> learnt = new ArrayList<>();
        List<double[]> unlearnt = new ArrayList<>();
        for (int i = 0; i < 6_000; i++) {
            DraftStep step = step(1, 0.02 + 0.96 * random.nextDouble());
            DraftStep.Confidence confidence = step.confidence();
            double logit = 1.5 - 2 * confidence.probability() + 0.4 * confidence.entropy();
            boolean isAccepted = random.nextDouble() < 1 / (1 + Math.exp(-logit));
            if (i >= 1_000) {
                learnt.add(new double[] {learns.chance(step), isAccepted ? 1 : 0});
                unlearnt.add(new double[] {fresh.chance(step), isAccepted ? 1 : 0});
            }
            learns.chance(step);
            learns.tested(1, isAccepted);
        }
        assertThat(calibrationError(unlearnt)).isGreaterThan(0.2);
        assertThat(calibrationError(learnt)).isLessThan(0.06);
    }

    @Test
    void theLogisticEstimatorBelievesASurerDraftMore() {
        LogisticEstimator estimator = new LogisticEstimator();
        double[] chances = IntStream.range(1, 10)
                .mapToDouble(tenths -> estimator.chance(step(1, tenths / 10.0)))
                .toArray();
        assertThat(chances).isSorted();
        double before = estimator.chance(step(20, 0.5));
        estimator.tested(20, false);
        double after = estimator.chance(step(1, 0.5));
        assertThat(after).isLessThan(before);
        assertThat(estimator.forReply().chance(step(1, 0.5)))
                .as("a reply begins anew")
                .isEqualTo(before);
    }

    /** The draft of a table under a policy that is told of its rounds. */
    private Toy.Drafting chain(DraftLength policy) {
        return context -> {
            Drafter.Context own = new Drafter.Context(context.target(), context.prompt(), context.sampler(), policy);
            Drafter.Session session = new PredictorSession(toy.predictor(), new Chain(), own);
            return new Drafter.Session() {
                @Override
                public void propose(DraftTree tree) {
                    session.propose(tree);
                }

                @Override
                public void verified(Verification round) {
                    policy.verified(round);
                }
            };
        };
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.2, 0.4, 0.6, 0.8})
    void theDistributionIsTheTargets(double threshold) {
        for (long seed = 1; seed <= 2; seed++) {
            Toy.Drafting adaptive = chain(SpecDecPlusPlus.calibrated(threshold, 4));
            assertThat(toy.zScore(SAMPLED.withSeed(seed), TEXTS, new Rejection()::next, adaptive, 4))
                    .isLessThan(4);
        }
    }

    /** Not to keep the token that made it stop would take unlikely tokens from the draft's law. */
    @Test
    void stoppingBeforeTheTokenInsteadOfAfterItIsFound() {
        LogisticEstimator estimator = new LogisticEstimator();
        Toy.Drafting wrong = context -> tree -> {
            Distribution q = tree.draw(DraftTree.ROOT, Drawing.WITHOUT_REPLACEMENT);
            MemorySegment logits = toy.draftAfter(tree.token(DraftTree.ROOT));
            context.sampler().distribution(logits, q);
            int token = context.sampler().draw(q);
            if (estimator.chance(new DraftStep(1, token, logits)) > 0.4) {
                tree.add(DraftTree.ROOT, token);
            }
        };
        assertThat(toy.zScore(SAMPLED, TEXTS, new Rejection()::next, wrong, 1)).isGreaterThan(40);
    }

    @Test
    void greedyTextIsThatOfPlainDecodingAndASeedsTextIsItsOwn() {
        SpeculativeDecoding method = method(SpecDecPlusPlus.calibrated(0.5, 8));
        for (long seed = 0; seed < 4; seed++) {
            SamplingSettings greedy = SamplingSettings.greedy().withFrequencyPenalty(0.3);
            assertThat(Replies.of(target, method, greedy, prompt(seed), 60).tokens)
                    .isEqualTo(plain(greedy, prompt(seed), 60).tokens);
        }
        // What was learnt in other replies must not change the length of this one's drafts, and so its draws.
        List<Integer> text = Replies.of(target, method, SAMPLED.withSeed(5), prompt(5), 60).tokens;
        assertThat(Replies.of(target, method(SpecDecPlusPlus.calibrated(0.5, 8)), SAMPLED.withSeed(5), prompt(5), 60)
                        .tokens)
                .isEqualTo(text);
    }

    @Test
    void aHigherThresholdDraftsMore() {
        double[] drafted = IntStream.of(0, 3, 6, 9)
                .mapToDouble(tenths -> {
                    SpeculationStatistics statistics = Replies.of(
                                    target,
                                    method(SpecDecPlusPlus.calibrated(tenths / 10.0, 8)),
                                    SAMPLED.withTemperature(0.6),
                                    prompt(6),
                                    100)
                            .statistics();
                    return (double) statistics.drafted() / statistics.rounds();
                })
                .toArray();
        assertThat(drafted[0]).isCloseTo(1, within(0.05));
        assertThat(drafted).isSorted();
        assertThat(drafted[3]).isGreaterThan(2 * drafted[0]);
    }

    /** The first hidden state of the reply is that of the last token before it, after the draft model's last layer. */
    @Test
    void aHeadReadsTheHiddenStateThatTheTokenWasDrawnFrom() {
        List<float[]> seen = new ArrayList<>();
        AcceptanceEstimator head = new AcceptanceEstimator() {
            @Override
            public double chance(DraftStep step) {
                seen.add(step.hidden().toArray(JAVA_FLOAT));
                return 1;
            }

            @Override
            public boolean readsHidden() {
                return true;
            }
        };
        int[] prompt = prompt(7);
        SpeculativeDecoding method = method(new SpecDecPlusPlus(head, 0.5, 3));
        int first = Replies.of(target, method, SamplingSettings.greedy(), prompt, 30)
                .tokens
                .getFirst();
        try (Sequence sequence = draft.newSequence()) {
            sequence.append(prompt);
            Outputs outputs = sequence.forward(Pass.of(first).capturing(1));
            float[] expected = outputs.hidden(1, outputs.last()).toArray(JAVA_FLOAT);
            assertThat(seen.getFirst()).containsExactly(expected, within(1e-4f));
            int second = outputs.argmax(outputs.last());
            sequence.acceptPathTo(outputs.last());
            outputs = sequence.forward(Pass.of(second).capturing(1));
            expected = outputs.hidden(1, outputs.last()).toArray(JAVA_FLOAT);
            assertThat(seen.get(1)).containsExactly(expected, within(1e-4f));
        }
    }

    @Test
    void nothingIsKeptForARuleThatReadsNoHiddenStates() {
        AcceptanceEstimator blind = step -> {
            assertThat(step.hidden().byteSize()).isZero();
            return 1;
        };
        assertThat(Replies.of(
                                target,
                                method(new SpecDecPlusPlus(blind, 0.5, 3)),
                                SamplingSettings.greedy(),
                                prompt(8),
                                20)
                        .tokens)
                .hasSize(20);
    }
}
