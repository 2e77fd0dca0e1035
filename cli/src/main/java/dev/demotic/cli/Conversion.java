package dev.demotic.cli;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.ModelConverter;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.format.QuantizationRecipe;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What {@code convert} and {@code quantize} share: writing a model as a GGUF file, and telling about it. */
final class Conversion {
    private Conversion() {}

    static int run(Console console, ModelSource source, Path out, String type, String title) {
        QuantizationRecipe recipe = QuantizationRecipe.of(type);
        if (sameFile(source.path(), out)) {
            throw new DemoticException(out + " is the model itself; give another file to write");
        }
        long start = System.nanoTime();
        ModelConverter.Result result;
        try (ProgressLine progress = new ProgressLine(console, title, ProgressLine.Unit.BYTES)) {
            result = ModelConverter.convert(source, out, recipe, (_, done, total) -> progress.update(done, total));
        }
        for (ModelConverter.Fallback fallback : result.fallbacks()) {
            console.note("%s has rows that are no whole blocks of %s, so it is stored as %s"
                    .formatted(fallback.tensor(), fallback.wanted(), fallback.used()));
        }
        console.note("wrote %s: %s of %s in %.1f s"
                .formatted(out, Sizes.bytes(size(out)), recipe, (System.nanoTime() - start) * 1e-9));
        return 0;
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
