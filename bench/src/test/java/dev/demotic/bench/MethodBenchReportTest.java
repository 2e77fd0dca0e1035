package dev.demotic.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.bench.MethodBenchReport.Run;
import dev.demotic.decoding.speculate.SpeculationStatistics;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MethodBenchReportTest {
    private static Run run(String method, int tokens, double seconds) {
        return new Run("code", "1", method, 3, tokens, 0.1, seconds, SpeculationStatistics.none(), Optional.empty());
    }

    private static MethodBenchReport report(Run... runs) {
        List<String> methods = List.of("plain", "lookup");
        return new MethodBenchReport(
                Machine.here(), "CPU", "m.gguf", List.of(), 8, false, 0, 1, 0, methods, methods, List.of(runs));
    }

    @Test
    void ratiosAreOfTokensAfterTheFirst() {
        MethodBenchReport report = report(run("plain", 5, 2), run("lookup", 5, 1));
        assertThat(report.overall().getFirst().tokensPerSecond()).isEqualTo(2);
        assertThat(report.overall().get(1).ratio()).isEqualTo(2);
    }

    /** A reply of one token has no speed, and a report no number that is none. */
    @Test
    void repliesOfOneTokenHaveNoRatio() {
        MethodBenchReport report = report(run("plain", 1, 0), run("lookup", 1, 0));
        assertThat(report.overall().get(1).ratio()).isZero();
        assertThat(MethodBenchText.json(report) + MethodBenchText.csv(report) + MethodBenchHtml.of(report))
                .doesNotContain("NaN")
                .doesNotContain("Infinity");
    }
}
