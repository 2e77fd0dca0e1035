package dev.demotic.cli;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import dev.demotic.runtime.backend.cpu.PhysicalCores;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.format.ModelSources;
import dev.demotic.runtime.model.Decoder;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The model of a command that computes, and what it may use. */
final class EngineOptions {
    /** Longest context that is opened unasked: models are trained for lengths that would fill the memory. */
    static final int DEFAULT_CONTEXT = 8192;

    @Mixin
    private ModelOption model = new ModelOption();

    @Option(
            names = {"-c", "--context"},
            paramLabel = "N",
            description =
                    "Tokens that prompt and reply may have together (default: what the model was trained for, at most"
                            + " 8192).")
    private Optional<Integer> context = Optional.empty();

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Compute threads (default: one a physical core).")
    private Optional<Integer> threads = Optional.empty();

    @Option(
            names = "--kernels",
            paramLabel = "NAME",
            description =
                    "CPU kernels: native, native:ISA, vector or scalar (default: $DEMOTIC_KERNELS, or the best that runs"
                            + " here).")
    private Optional<String> kernels = Optional.empty();

    @Option(
            names = "--max-memory",
            paramLabel = "SIZE",
            converter = MemorySize.class,
            description = "Memory that the model may take, such as 4g (default: what the machine has).")
    private Optional<Long> maxMemory = Optional.empty();

    @Option(names = "--pin", description = "Keep each compute thread on a physical core of its own (Linux).")
    private boolean pin;

    @Mixin
    private KvTypeOption kv = new KvTypeOption();

    /** Compute threads that the model will have. */
    int threads() {
        return threads.orElseGet(PhysicalCores::count);
    }

    /** The model that --model names. */
    ModelOption model() {
        return model;
    }

    /** Opens the model for one sequence at a time. */
    LanguageModel open(Console console) {
        return open(console, ThreadShare.turns(threads()));
    }

    /** Opens the model beside a draft model. */
    LanguageModel open(Console console, ThreadShare share) {
        try (ProgressLine _ = ProgressLine.waiting(console, "loading the model")) {
            return open(console, model.open(console), 1, share);
        }
    }

    /** Opens a draft model in the same way, with as much of the context as it was trained for. */
    LanguageModel openDraft(Console console, Path path, ThreadShare share) {
        return openDraft(console, path, 1, share);
    }

    /** Opens a draft model for so many sequences at a time. */
    LanguageModel openDraft(Console console, Path path, int sequences, ThreadShare share) {
        try (ProgressLine _ = ProgressLine.waiting(console, "loading the draft model")) {
            ModelSource source = ModelSources.open(path);
            ModelOptions options = options(console, source, sequences, Optional.empty());
            return LanguageModel.open(
                    source, options.withThreads(share.draft()).withFirstCore(share.isApart() ? share.target() : 0));
        }
    }

    /** Opens any model with these options, for so many sequences at a time. */
    LanguageModel open(Console console, ModelSource source, int sequences) {
        return open(console, source, sequences, ThreadShare.turns(threads()));
    }

    /** Opens any model beside a draft model, for so many sequences at a time. */
    LanguageModel open(Console console, ModelSource source, int sequences, ThreadShare share) {
        return LanguageModel.open(
                source, options(console, source, sequences, context).withThreads(share.target()));
    }

    private ModelOptions options(Console console, ModelSource source, int sequences, Optional<Integer> wanted) {
        try {
            if (context.orElse(1) < 1 || threads.orElse(1) < 1 || maxMemory.orElse(1L) < 1) {
                throw new DemoticException("--context, --threads and --max-memory must be at least 1");
            }
            return ModelOptions.defaults()
                    .withContext(wanted.orElseGet(() -> defaultContext(source)))
                    .withKernels(kernels.orElse(console.environment().getOrDefault("DEMOTIC_KERNELS", "")))
                    .withMaxMemory(maxMemory.orElse(0L))
                    .withSequences(sequences)
                    .withKvType(kv.type())
                    .withPin(pin);
        } catch (RuntimeException e) {
            source.close();
            throw e;
        }
    }

    /** The context that a model is opened with unasked. */
    static int defaultContext(ModelSource source) {
        return Math.min(Decoder.configOf(source).trainedContext(), DEFAULT_CONTEXT);
    }
}
