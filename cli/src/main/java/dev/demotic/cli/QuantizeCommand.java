package dev.demotic.cli;

import dev.demotic.runtime.format.GgufFile;
import dev.demotic.runtime.format.ModelSource;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code demotic quantize}: a GGUF file to one of another type. */
@Command(name = "quantize", description = "Writes a GGUF file again with weights of another type.")
final class QuantizeCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(index = "0", paramLabel = "IN.gguf", description = "The file to read; best one of F32, F16 or BF16.")
    private Path in;

    @Parameters(index = "1", paramLabel = "OUT.gguf", description = "The file to write.")
    private Path out;

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            defaultValue = "Q4_K_M",
            description = "A type as `demotic convert` takes it (default: ${DEFAULT-VALUE}).")
    private String type;

    @Option(
            names = "--calibrate",
            paramLabel = "FILE",
            description = "Round to Q8_0 such that the errors cancel on this text; - for standard input.")
    private @Nullable String calibration;

    QuantizeCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        try (ModelSource source = GgufFile.open(in)) {
            return Conversion.run(console, source, out, type, calibration, "quantizing");
        }
    }
}
