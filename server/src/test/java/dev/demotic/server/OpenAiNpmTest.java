package dev.demotic.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * OpenAI's own client for Node finds what it expects, and the example with it runs. The client is installed below {@code target},
 * in the version that the example names; without Node, npm or a way to the registry, this is skipped.
 */
class OpenAiNpmTest {
    private static final Path EXAMPLES = Path.of("..", "examples");
    private static final Path FOLDER = Path.of("target", "npm");

    private static Api api;

    @BeforeAll
    static void start() throws Exception {
        Assumptions.assumeTrue(Shell.has("node") && Shell.has("npm"), "no node and npm on the path: not tested");
        install();
        api = new Api();
    }

    private static void install() throws IOException, InterruptedException {
        Files.createDirectories(FOLDER);
        Path wanted = EXAMPLES.resolve("package.json");
        Path installed = FOLDER.resolve("package.json");
        if (!Files.exists(FOLDER.resolve("node_modules/openai"))
                || !Files.readString(installed).equals(Files.readString(wanted))) {
            Files.copy(wanted, installed, StandardCopyOption.REPLACE_EXISTING);
            Shell.Result result = Shell.run(
                    FOLDER,
                    List.of("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"));
            Assumptions.assumeTrue(result.status() == 0, () -> "npm installs no client: " + result.output());
        }
    }

    @AfterAll
    static void stop() {
        if (api != null) {
            api.close();
        }
    }

    @Test
    void itsClientFindsWhatItExpects() throws Exception {
        try (InputStream script = Objects.requireNonNull(OpenAiNpmTest.class.getResourceAsStream("conformance.mjs"))) {
            Files.copy(script, FOLDER.resolve("conformance.mjs"), StandardCopyOption.REPLACE_EXISTING);
        }
        String call = "<tool_call>{\"name\": \"weather\", \"arguments\": {\"city\": \"Paris\"}}</tool_call>";
        try (Api calling = Api.saying(new Api.Options().apiKey("sesame").build(), call, 0)) {
            Shell.Result result = Shell.run(
                    FOLDER,
                    List.of(
                            "node",
                            "conformance.mjs",
                            api.uri().toString(),
                            calling.uri().toString(),
                            "sesame"));
            assertThat(result.status()).as(result.output()).isZero();
            assertThat(result.output()).contains("# fail 0").doesNotContain("# pass 0");
        }
        api.awaitIdle();
    }

    @Test
    void theExampleRuns() throws Exception {
        Files.copy(EXAMPLES.resolve("openai.mjs"), FOLDER.resolve("openai.mjs"), StandardCopyOption.REPLACE_EXISTING);
        Shell.Result result = Shell.run(
                FOLDER, List.of("node", "openai.mjs", api.uri().toString().replaceFirst("/$", "")));
        assertThat(result.status()).as(result.output()).isZero();
        assertThat(result.output()).contains("public").containsPattern("\\(\\d+ tokens\\)");
    }
}
