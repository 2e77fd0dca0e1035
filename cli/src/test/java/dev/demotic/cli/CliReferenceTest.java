package dev.demotic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

/** docs/cli.md is what the commands say of themselves; set DEMOTIC_WRITE_DOCS to write it anew. */
class CliReferenceTest {
    private static final Path FILE = Path.of("..", "docs", "cli.md");

    @Test
    void isUpToDate() throws IOException {
        String reference = reference();
        if (System.getenv("DEMOTIC_WRITE_DOCS") != null) {
            Files.writeString(FILE, reference);
        }
        assertThat(FILE).content(StandardCharsets.UTF_8).isEqualTo(reference);
    }

    private static String reference() {
        CommandLine demotic = Demotic.commandLine(
                new Console(InputStream.nullInputStream(), System.out, System.err, Map.of(), Console.Terminals.NONE));
        StringBuilder text = new StringBuilder("""
                # The demotic command

                What each command says with `--help`; `CliReferenceTest` keeps this page up to date.
                """);
        append(text, "demotic", demotic);
        return text.toString();
    }

    private static void append(StringBuilder text, String title, CommandLine command) {
        text.append("\n## ")
                .append(title)
                .append("\n\n```\n")
                .append(command.getUsageMessage(Ansi.OFF).strip().replaceAll(" +\n", "\n"))
                .append("\n```\n");
        command.getSubcommands().forEach((name, nested) -> append(text, title + " " + name, nested));
    }
}
