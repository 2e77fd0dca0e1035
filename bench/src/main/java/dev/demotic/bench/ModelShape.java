package dev.demotic.bench;

import dev.demotic.runtime.DemoticException;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The measures of a llama.
 *
 * @param width of the hidden states
 * @param hidden width of the feed-forward layers
 */
public record ModelShape(
        String name, int width, int layers, int heads, int kvHeads, int hidden, int vocabulary, int context) {
    private static final List<ModelShape> KNOWN = List.of(
            new ModelShape("llama-15m", 256, 6, 8, 8, 768, 32_000, 1024),
            new ModelShape("llama-1.1b", 2048, 22, 32, 4, 5632, 32_000, 2048)); // TinyLlama (Zhang et al., 2024)

    /** @throws DemoticException if there is no shape of that name */
    public static ModelShape named(String name) {
        return KNOWN.stream()
                .filter(shape -> shape.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new DemoticException(
                        "there is no shape '%s' of random models; choose %s".formatted(name, names())));
    }

    /** The names of all shapes. */
    public static String names() {
        return KNOWN.stream().map(ModelShape::name).collect(Collectors.joining(" or "));
    }
}
