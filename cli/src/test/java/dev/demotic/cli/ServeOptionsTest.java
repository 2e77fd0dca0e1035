package dev.demotic.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** The options in docs/server.md are those that there are; set DEMOTIC_WRITE_DOCS to write them anew. */
class ServeOptionsTest {
    private static final Path FILE = Path.of("..", "docs", "server.md");
    private static final String START = "<!-- options -->\n";
    private static final String END = "<!-- /options -->\n";

    private static CommandLine demotic() {
        return Demotic.commandLine(
                new Console(InputStream.nullInputStream(), System.out, System.err, Map.of(), Console.Terminals.NONE));
    }

    @Test
    void areUpToDate() throws IOException {
        String guide = Files.readString(FILE, UTF_8);
        int start = guide.indexOf(START) + START.length();
        int end = guide.indexOf(END);
        assertThat(end).isGreaterThanOrEqualTo(start);
        String expected = guide.substring(0, start) + table() + guide.substring(end);
        if (System.getenv("DEMOTIC_WRITE_DOCS") != null) {
            Files.writeString(FILE, expected, UTF_8);
        }
        assertThat(FILE).content(UTF_8).isEqualTo(expected);
    }

    private static String table() {
        CommandLine serve = Objects.requireNonNull(demotic().getSubcommands().get("serve"));
        String options = serve.getCommandSpec().options().stream()
                .filter(option -> !option.usageHelp() && !option.versionHelp())
                .sorted((a, b) -> a.longestName().compareTo(b.longestName()))
                .map(ServeOptionsTest::row)
                .collect(Collectors.joining());
        String models = String.join(
                " ", serve.getCommandSpec().positionalParameters().getFirst().description());
        return "| command line | environment | file | |\n|---|---|---|---|\n"
                + "| `MODEL...` | `DEMOTIC_MODELS` | `models` | " + models + " |\n" + options;
    }

    private static String row(OptionSpec option) {
        String name = option.longestName();
        String value = option.typeInfo().isBoolean() ? "" : "=" + option.paramLabel();
        String inFile = name.equals("--config") ? "" : "`" + name.substring(2) + "`";
        return "| `%s%s` | `%s` | %s | %s |\n"
                .formatted(
                        name,
                        value,
                        EnvironmentDefaults.variable(name),
                        inFile,
                        text(option).replace("|", "\\|"));
    }

    private static String text(OptionSpec option) {
        return String.join(" ", option.description())
                .replace("${DEFAULT-VALUE}", String.valueOf(option.defaultValueString()))
                .replace(
                        "${COMPLETION-CANDIDATES}",
                        option.completionCandidates() == null ? "" : String.join(", ", option.completionCandidates()))
                .replace("%n", " ");
    }

    /** Every way to start a server that the guide shows is one that the command understands. */
    @Test
    void theCommandsOfTheGuideAreUnderstood() throws IOException {
        for (String line : Files.readAllLines(FILE, UTF_8)) {
            if (line.matches("(\\S+=\\S+ )?\\./demotic .*")) {
                String arguments = line.replaceFirst("^.*?\\./demotic ", "").replaceFirst(" +#.*", "");
                assertThat(demotic().parseArgs(arguments.split(" ")).hasSubcommand())
                        .as(line)
                        .isTrue();
            }
        }
    }
}
