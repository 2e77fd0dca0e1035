package dev.demotic.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressLineTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @Test
    void tellsShareAmountSpeedAndTimeLeft() {
        try (ProgressLine line = new ProgressLine(console(false), "pulling", ProgressLine.Unit.BYTES)) {
            line.update(0, 2_000_000);
            line.update(500_000, 2_000_000);

            assertThat(line.text())
                    .startsWith("pulling [######..................]  25 %  500 kB/2.00 MB")
                    .contains("/s")
                    .endsWith("left")
                    .hasSizeLessThan(80);
        }
    }

    @Test
    void tellsTheAmountWhereTheTotalIsUnknown() {
        try (ProgressLine line = new ProgressLine(console(false), "pulling", ProgressLine.Unit.BYTES)) {
            line.update(1_500_000, -1);

            assertThat(line.text()).startsWith("pulling  1.50 MB");
        }
    }

    @Test
    void showsItselfToAPersonAndWipesItselfAway() throws InterruptedException {
        try (ProgressLine _ = ProgressLine.waiting(console(true), "thinking")) {
            while (err.size() == 0) {
                Thread.sleep(20);
            }
        }
        assertThat(err.toString(UTF_8)).contains("thinking").endsWith("\r\033[K");
    }

    @Test
    void showsNothingToAPipe() throws InterruptedException {
        try (ProgressLine _ = ProgressLine.waiting(console(false), "thinking")) {
            Thread.sleep(1300);
        }
        assertThat(err.size()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"4g, 4294967296", "512m, 536870912", "1.5G, 1610612736", "100, 100", "2GiB, 2147483648", "8kb, 8192"})
    void readsSizes(String text, long bytes) {
        assertThat(new MemorySize().convert(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource({"0, 0 B", "999, 999 B", "1000, 1.00 kB", "1234567, 1.23 MB", "99960000, 100 MB", "5e9, 5.00 GB"})
    void writesSizes(double bytes, String text) {
        assertThat(Sizes.bytes(bytes)).isEqualTo(text);
    }

    private Console console(boolean watched) {
        PrintStream stream = new PrintStream(err, true, UTF_8);
        return new Console(InputStream.nullInputStream(), stream, stream, Map.of("TERM", "xterm"), _ -> watched);
    }
}
