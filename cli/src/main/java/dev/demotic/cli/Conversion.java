package dev.demotic.cli;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.calibration.Calibration;
import dev.demotic.runtime.format.ModelConverter;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.format.ModelSources;
import dev.demotic.runtime.format.QuantizationRecipe;
import dev.demotic.runtime.format.Rounding;
import dev.demotic.runtime.tokenizer.Tokenizers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What {@code convert} and {@code quantize} share: writing a model as a GGUF file, and telling about it. */
final class Conversion {
    private static final int PROGRESS_STEPS = 1_000;

    private Conversion() {}

    /** @param calibration a text to calibrate with, or null for plain rounding */
    static int run(
            Console console, ModelSource source, Path out, String type, @Nullable String calibration, String title) {
        QuantizationRecipe recipe = QuantizationRecipe.of(type);
        if (calibration != null && recipe != QuantizationRecipe.Q8_0) {
            throw new DemoticException(
                    "only Q8_0 can be calibrated, not " + recipe + "; leave --calibrate out or take --type Q8_0");
        }
        if (sameFile(source.path(), out)) {
            throw new DemoticException(out + " is the model itself; give another file to write");
        }
        long start = System.nanoTime();
        Rounding rounding = calibration == null ? Rounding.NEAREST : calibrate(console, source.path(), calibration);
        ModelConverter.Result result;
        try (ProgressLine progress = new ProgressLine(console, title, ProgressLine.Unit.BYTES)) {
            result = ModelConverter.convert(
                    source, out, recipe, rounding, (_, done, total) -> progress.update(done, total));
        }
        for (ModelConverter.Fallback fallback : result.fallbacks()) {
            console.note("%s has rows that are no whole blocks of %s, so it is stored as %s"
                    .formatted(fallback.tensor(), fallback.wanted(), fallback.used()));
        }
        console.note("wrote %s: %s of %s in %.1f s"
                .formatted(out, Sizes.bytes(size(out)), recipe, (System.nanoTime() - start) * 1e-9));
        return 0;
    }

    private static Rounding calibrate(Console console, Path model, String file) {
        String text = TextInput.read(console, file);
        try (ProgressLine progress = new ProgressLine(console, "calibrating", ProgressLine.Unit.SHARE)) {
            int[] tokens;
            try (ModelSource source = ModelSources.open(model)) {
                tokens = Tokenizers.of(source.metadata()).encode(text);
            }
            // A source of its own: the model that reads the text closes it.
            return Calibration.of(
                    ModelSources.open(model),
                    tokens,
                    share -> progress.update(Math.round(share * PROGRESS_STEPS), PROGRESS_STEPS));
        }
    }

    private static boolean sameFile(Path source, Path out) {
        try {
            return Files.exists(out) && Files.isSameFile(source, out);
        } catch (IOException e) {
            return false;
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
