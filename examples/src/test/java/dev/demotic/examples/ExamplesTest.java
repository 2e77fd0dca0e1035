package dev.demotic.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.bench.FakeServer;
import dev.demotic.bench.FakeServer.Answer;
import dev.demotic.models.EmbeddedModel;
import dev.demotic.runtime.LanguageModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExamplesTest {
    @TempDir
    private Path cache;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void langChain4jInProcess() throws IOException {
        try (LanguageModel model = LanguageModel.open(EmbeddedModel.path(cache))) {
            LangChain4jInProcess.run(model, out);
        }

        assertThat(printed())
                .contains("return")
                .containsPattern("\\(\\d+ tokens\\)")
                .contains("The cake");
    }

    @Test
    void openAiJava() throws IOException {
        try (FakeServer server = new FakeServer(_ -> Answer.STREAM)) {
            OpenAiJava.run(server.url().toString(), out);

            assertThat(server.bodies().getFirst().path("model").asString()).isEqualTo("fake");
        }
        assertThat(printed()).startsWith("word word");
    }
}
