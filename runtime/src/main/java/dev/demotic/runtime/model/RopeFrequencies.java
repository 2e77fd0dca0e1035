package dev.demotic.runtime.model;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.backend.RopeTable;
import dev.demotic.runtime.format.Metadata;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.tensor.Tensor;

/**
 * The frequencies of the rotary embedding, in radians a position, with what stretches them beyond the trained context.
 *
 * <p>{@code linear} divides all by a factor (Chen et al., 2023), {@code yarn} only the slow ones (Peng et al., 2023),
 * {@code longrope} each by a factor of its own, chosen by the context in use (Ding et al., 2024); Llama 3's scaling is in the
 * file as the tensor {@code rope_freqs.weight}.
 */
final class RopeFrequencies {
    private final ModelSource source;
    private final Metadata metadata;
    private final String prefix;
    private final int dimensions;
    private final int context;
    private final int trainedContext;

    RopeFrequencies(ModelSource source, ModelConfig config, int context) {
        this.source = source;
        this.metadata = source.metadata();
        this.context = context;
        this.trainedContext = config.trainedContext();
        prefix = config.architecture() + ".rope.";
        dimensions = metadata.integer(prefix + "dimension_count", config.headDimension());
        if (dimensions < 2 || dimensions % 2 != 0 || dimensions > config.headDimension()) {
            throw new DemoticException(
                    "metadata key %sdimension_count is %d, but must be even and at most the head's %d"
                            .formatted(prefix, dimensions, config.headDimension()));
        }
    }

    /** Half-split pairs at their plain frequencies. */
    RopeTable plain(float base) {
        return new RopeTable(frequencies(base), 1, false);
    }

    RopeTable scaled(boolean interleaved) {
        float base = metadata.number(prefix + "freq_base", 10_000);
        double[] frequencies = frequencies(base);
        divide(frequencies, "rope_freqs.weight");
        float factor = metadata.number(prefix + "scaling.factor", metadata.number(prefix + "scale_linear", 1));
        float magnitude = 1;
        String type = metadata.findString(prefix + "scaling.type").orElse(factor == 1 ? "none" : "linear");
        switch (type) {
            case "none" -> {}
            case "linear" -> {
                for (int i = 0; i < frequencies.length; i++) {
                    frequencies[i] /= factor;
                }
            }
            case "yarn" -> {
                yarn(frequencies, base, factor);
                magnitude = metadata.number(prefix + "scaling.yarn_attn_factor", 1 + 0.1f * (float) Math.log(factor));
            }
            case "longrope" -> {
                boolean isLong = context > originalContext();
                divide(frequencies, isLong ? "rope_factors_long.weight" : "rope_factors_short.weight");
                magnitude = metadata.number(prefix + "scaling.attn_factor", longRopeMagnitude());
            }
            default ->
                throw new DemoticException(source.path() + " scales its rotary embedding by '" + type
                        + "', which Demotic does not know; it knows linear, yarn and longrope");
        }
        return new RopeTable(frequencies, magnitude, interleaved);
    }

    private double[] frequencies(float base) {
        double[] frequencies = new double[dimensions / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = Math.pow(base, -2.0 * i / dimensions);
        }
        return frequencies;
    }

    /** Divides each frequency by its factor in a tensor of the file, if the file has it. */
    private void divide(double[] frequencies, String name) {
        Tensor tensor = source.tensors().get(name);
        if (tensor == null) {
            return;
        }
        if (tensor.elements() != frequencies.length) {
            throw new DemoticException("%s: tensor %s has %d factors for %d frequencies; convert the model again"
                    .formatted(source.path(), name, tensor.elements(), frequencies.length));
        }
        float[] factors = new float[frequencies.length];
        tensor.type().dequantize(tensor.data(), 0, factors, 0, factors.length);
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] /= factors[i];
        }
    }

    /** Frequencies that turn often within the original context stay, those that turn less than once are stretched. */
    private void yarn(double[] frequencies, float base, float factor) {
        double low = Math.floor(pairThatTurns(metadata.number(prefix + "scaling.yarn_beta_fast", 32), base));
        double high = Math.ceil(pairThatTurns(metadata.number(prefix + "scaling.yarn_beta_slow", 1), base));
        low = Math.max(low, 0);
        high = Math.min(high, dimensions - 1);
        double span = Math.max(0.001, high - low);
        for (int i = 0; i < frequencies.length; i++) {
            double stretched = Math.clamp((i - low) / span, 0, 1);
            frequencies[i] *= stretched / factor + (1 - stretched);
        }
    }

    /** The (fractional) pair that makes {@code turns} full turns over the original context. */
    private double pairThatTurns(float turns, float base) {
        return dimensions * Math.log(originalContext() / (turns * 2 * Math.PI)) / (2 * Math.log(base));
    }

    private int originalContext() {
        return metadata.integer(prefix + "scaling.original_context_length", trainedContext);
    }

    private float longRopeMagnitude() {
        double stretch = (double) trainedContext / originalContext();
        return stretch <= 1 ? 1 : (float) Math.sqrt(1 + Math.log(stretch) / Math.log(originalContext()));
    }
}
