package dev.demotic.cli;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.format.ModelSources;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code demotic convert}: a Hugging Face folder to a GGUF file. */
@Command(name = "convert", description = "Converts a Hugging Face folder to a GGUF file.")
final class ConvertCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(index = "0", paramLabel = "FOLDER", description = "The folder with config.json and safetensors.")
    private Path folder;

    @Parameters(index = "1", paramLabel = "OUT.gguf", description = "The file to write.")
    private Path out;

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            defaultValue = "Q8_0",
            description =
                    "F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K_S, Q3_K_M, Q3_K_L, Q4_K_S, Q4_K_M, Q5_K_S,"
                            + " Q5_K_M or Q6_K (default: ${DEFAULT-VALUE}).")
    private String type;

    @Option(
            names = "--calibrate",
            paramLabel = "FILE",
            description = "Round to Q8_0 such that the errors cancel on this text; - for standard input.")
    private @Nullable String calibration;

    ConvertCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw new DemoticException(folder + " is no folder; for a GGUF file take `demotic quantize`");
        }
        if (!Files.exists(folder)) {
            throw new DemoticException("there is no folder " + folder + "; check the path");
        }
        try (ModelSource source = ModelSources.open(folder)) {
            return Conversion.run(console, source, out, type, calibration, "converting");
        }
    }
}
