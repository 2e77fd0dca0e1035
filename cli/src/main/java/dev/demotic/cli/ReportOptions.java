package dev.demotic.cli;

import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Where a benchmark's report goes. */
final class ReportOptions {
    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            description = "Folder for the report (default: ${DEFAULT-VALUE}).")
    private Path out;

    @Option(names = "--json", description = "Print the report as one JSON object.")
    private boolean asJson;

    /** @param folder unless the user names one */
    ReportOptions(String folder) {
        out = Path.of(folder);
    }

    /**
     * Makes the folder, if it is not there; best before a long measurement, which would be lost.
     *
     * @throws DemoticException if it cannot hold the report
     */
    void prepare() {
        try {
            Files.createDirectories(out);
        } catch (IOException refused) {
            throw new DemoticException(
                    "%s cannot be made a folder for the report; name another with --out".formatted(out), refused);
        }
        if (!Files.isWritable(out)) {
            throw new DemoticException("the folder %s may not be written; name another with --out".formatted(out));
        }
    }

    /**
     * Writes a report's files and prints it.
     *
     * @param table prints it for people
     */
    void put(Console console, String html, String csv, String json, Runnable table) throws IOException {
        prepare();
        Files.writeString(out.resolve("report.html"), html);
        Files.writeString(out.resolve("report.csv"), csv);
        Files.writeString(out.resolve("report.json"), json + "\n");
        if (asJson) {
            console.println(json);
        } else {
            table.run();
        }
        console.note("wrote " + out.resolve("report.html") + ", report.csv and report.json");
    }
}
