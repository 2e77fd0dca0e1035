package dev.demotic.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.demotic.bench.MethodBench.Contestant;
import dev.demotic.bench.ReasoningReport.Summary;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.decoding.speculate.LikelihoodJudge;
import dev.demotic.decoding.speculate.SpecReason;
import dev.demotic.decoding.speculate.StepEnd;
import dev.demotic.decoding.speculate.StepJudge;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a good judge is worth, on the embedded models and a few problems, which they do not solve. */
class ReasoningBenchTest {
    private static final Path FOLDER = Path.of("../models/src/main/resources/dev/demotic/models");
    private static final List<ReasoningProblem> PROBLEMS = problems(
            "Ann has 12 marbles and gives 5 of them to Ben. How many does she have left?",
            "A baker sells 8 loaves a day at $3 each. How much does he earn in 5 days?",
            "There are 4 rows of 6 chairs, and 7 of them are broken. How many can be used?",
            "Tom reads 20 pages a day. His book has 180 pages. How many days does he need?",
            "A shirt costs $25 and a hat half of that. How much do two shirts and two hats cost?",
            "Lena runs 3 miles on each weekday and 5 miles on each day of the weekend. How far does she run in a week?");

    private static LanguageModel large;
    private static LanguageModel small;

    private static List<ReasoningProblem> problems(String... questions) {
        return IntStream.range(0, questions.length)
                .mapToObj(i -> new ReasoningProblem(i + 1, questions[i], new BigDecimal("-1")))
                .toList();
    }

    @BeforeAll
    static void open() {
        ModelOptions options = ModelOptions.defaults().withContext(512).withSequences(2);
        large = LanguageModel.open(FOLDER.resolve("demotic-medium-q8_0.gguf"), options);
        small = LanguageModel.open(FOLDER.resolve("demotic-small-q8_0.gguf"), options);
    }

    @AfterAll
    static void close() {
        large.close();
        small.close();
    }

    private static ReasoningReport run(List<Contestant> contestants) {
        return new ReasoningBench(48, SamplingSettings.greedy()).run(large, contestants, PROBLEMS, (_, _, _) -> {});
    }

    private static Contestant contestant(String name, StepJudge judge, double threshold) {
        SpecReason.Steps steps = new SpecReason.Steps(StepEnd.LINE, 64, 0);
        return new Contestant(name, false, () -> SpecReason.of(small, large, judge, threshold, steps, 0));
    }

    @Test
    void judgesThatMustDoWorseDo() {
        List<Contestant> good = List.of(
                contestant("all", new LikelihoodJudge(), 0),
                contestant("some", new LikelihoodJudge(), 4.5),
                contestant("none", new LikelihoodJudge(), 10));
        ReasoningReport report = run(good);
        Summary alone = report.summary("plain");
        Summary some = report.summary("some");
        Summary all = report.summary("all");
        assertThat(report.summary("none").likelihood()).isEqualTo(alone.likelihood());
        assertThat(alone.agreement()).isEqualTo(1);
        assertThat(alone.latencyInterval()).isEqualTo(new Bootstrap.Interval(1, 1));
        assertThat(all.likelihood()).isLessThan(some.likelihood());
        assertThat(some.steps().stepAcceptance()).isBetween(0.2, 0.8);
        assertThat(report.table()).hasSize(5);
        assertThat(report.json()).contains("\"log_likelihood_gain_interval\":[").doesNotContain("NaN");

        List<Contestant> calibrating = new ArrayList<>();
        for (JudgeAblation ablation : JudgeAblation.values()) {
            calibrating.add(contestant(ablation.name(), ablation.judge(large, new LikelihoodJudge()), 0));
        }
        ReasoningReport scored = run(calibrating);
        List<Contestant> worse = Stream.of(JudgeAblation.values())
                .map(ablation -> contestant(
                        ablation.name(),
                        ablation.judge(large, new LikelihoodJudge()),
                        JudgeAblation.threshold(
                                scored.summary(ablation.name()).steps().scores(),
                                some.steps().stepAcceptance())))
                .toList();
        ReasoningReport bad = run(worse);
        for (JudgeAblation ablation : JudgeAblation.values()) {
            Summary summary = bad.summary(ablation.name());
            assertThat(summary.steps().stepAcceptance())
                    .as("%s keeps as many steps", ablation)
                    .isCloseTo(some.steps().stepAcceptance(), within(0.25));
            assertThat(summary.likelihood()).as("%s", ablation).isLessThan(some.likelihood());
        }
    }

    @Test
    void thresholdsKeepTheShareThatIsAskedFor() {
        List<Double> scores = List.of(3.0, 1.0, 2.0, 4.0);
        assertThat(JudgeAblation.threshold(scores, 0.5)).isEqualTo(3);
        assertThat(JudgeAblation.threshold(scores, 1)).isEqualTo(1);
        assertThat(JudgeAblation.threshold(scores, 0)).isEqualTo(10);
    }

    @Test
    void problemsThatDoNotFitAreRefused() {
        assertThatThrownBy(() -> new ReasoningBench(512, SamplingSettings.greedy())
                        .run(large, List.of(), PROBLEMS, (_, _, _) -> {}))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("leaves room for 512 tokens in a context of 512");
    }
}
