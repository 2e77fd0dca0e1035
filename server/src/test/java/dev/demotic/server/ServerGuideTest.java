package dev.demotic.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** What docs/server.md and the examples for curl show works, and the metrics that it names are those that there are. */
class ServerGuideTest {
    private static final Path GUIDE = Path.of("..", "docs", "server.md");
    private static final Pattern SHELL = Pattern.compile("```sh\n(.*?)```", Pattern.DOTALL);

    @Test
    void itsCommandsWorkAndItsMetricsAreAll() throws Exception {
        Assumptions.assumeTrue(Shell.has("curl"), "no curl on the path: not tested");
        String guide = Files.readString(GUIDE);
        List<String> blocks = SHELL.matcher(guide)
                .results()
                .map(block -> block.group(1))
                .filter(block -> block.contains("curl"))
                .toList();
        assertThat(blocks).hasSizeGreaterThan(5);
        try (Api api = new Api()) {
            String address = api.uri().toString().replaceFirst("/$", "");
            for (String block : blocks) {
                Shell.Result result =
                        Shell.run(Path.of("."), List.of("sh", "-euc", block.replace("http://localhost:8080", address)));
                assertThat(result.status()).as(block + result.output()).isZero();
                assertThat(result.output()).doesNotContain("\"error\":{");
            }
            Shell.Result example = Shell.run(Path.of("../examples"), List.of("./curl.sh", address));
            assertThat(example.status()).as(example.output()).isZero();
            assertThat(example.output()).contains("data: [DONE]");

            Set<String> told = found("`(demotic_[a-z_]+)`", guide);
            Set<String> there =
                    found("# TYPE (demotic_[a-z_]+)", api.get("/metrics").body());
            there.removeIf(name -> name.endsWith("_max"));
            if (!ProcessMemory.isKnown()) {
                there.add("demotic_resident_bytes");
            }
            assertThat(told).isEqualTo(there);
        }
    }

    private static Set<String> found(String pattern, String text) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .map((MatchResult match) -> match.group(1))
                .collect(Collectors.toSet());
    }
}
