package dev.demotic.runtime.format.huggingface;

import dev.demotic.runtime.format.Metadata;
import java.util.LinkedHashMap;
import java.util.Map;

/** How a checkpoint stretches its rotary embedding beyond the context it was first trained with. */
sealed interface RopeScaling {
    /** Metadata keys, {@code arch} being the prefix of the architecture. */
    void writeTo(Metadata metadata, String arch);

    /** Factors that divide the frequencies one by one, by GGUF tensor name. */
    default Map<String, float[]> factors() {
        return Map.of();
    }

    record None() implements RopeScaling {
        @Override
        public void writeTo(Metadata metadata, String arch) {}
    }

    /** Position interpolation: every frequency divided by {@code factor}. */
    record Linear(double factor) implements RopeScaling {
        @Override
        public void writeTo(Metadata metadata, String arch) {
            metadata.put(arch + ".rope.scaling.type", "linear").put(arch + ".rope.scaling.factor", (float) factor);
        }
    }

    /** Llama 3.1's: long wavelengths stretched, short ones left, a ramp between. GGUF knows it as plain factors. */
    record Llama3(float[] frequencyFactors) implements RopeScaling {
        @Override
        public void writeTo(Metadata metadata, String arch) {}

        @Override
        public Map<String, float[]> factors() {
            return Map.of("rope_freqs.weight", frequencyFactors);
        }
    }

    /**
     * YaRN (Peng et al. 2023, arXiv:2309.00071).
     *
     * @param magnitude what sines and cosines are multiplied by
     */
    record Yarn(double factor, int originalContext, double magnitude, double betaFast, double betaSlow)
            implements RopeScaling {
        @Override
        public void writeTo(Metadata metadata, String arch) {
            metadata.put(arch + ".rope.scaling.type", "yarn")
                    .put(arch + ".rope.scaling.factor", (float) factor)
                    .put(arch + ".rope.scaling.original_context_length", originalContext)
                    .put(arch + ".rope.scaling.yarn_attn_factor", (float) magnitude)
                    .put(arch + ".rope.scaling.yarn_beta_fast", (float) betaFast)
                    .put(arch + ".rope.scaling.yarn_beta_slow", (float) betaSlow);
        }
    }

    /**
     * LongRoPE (Ding et al. 2024, arXiv:2402.13753): one set of factors up to the original context, another beyond.
     *
     * @param magnitude what sines and cosines are multiplied by
     */
    record LongRope(float[] shortFactors, float[] longFactors, int originalContext, double magnitude)
            implements RopeScaling {
        @Override
        public void writeTo(Metadata metadata, String arch) {
            metadata.put(arch + ".rope.scaling.type", "longrope")
                    .put(arch + ".rope.scaling.original_context_length", originalContext)
                    .put(arch + ".rope.scaling.attn_factor", (float) magnitude);
        }

        @Override
        public Map<String, float[]> factors() {
            Map<String, float[]> factors = new LinkedHashMap<>();
            factors.put("rope_factors_long.weight", longFactors);
            factors.put("rope_factors_short.weight", shortFactors);
            return factors;
        }
    }

    /**
     * The scaling that a {@code rope_scaling} or {@code rope_parameters} object asks for.
     *
     * @param originalContext the context before stretching, where the object does not say
     * @param context the context after stretching
     */
    static RopeScaling of(Config rope, Family family, double base, int dimensions, int originalContext, int context) {
        String key = rope.has("rope_type") ? "rope_type" : "type";
        String type = rope.string(key).orElse("default");
        // Phi-3 called LongRoPE by two other names before it was published.
        if (family == Family.PHI3 && (type.equals("su") || type.equals("yarn"))) {
            type = "longrope";
        }
        boolean isFamilysOwn = type.equals("default") || type.equals("longrope") == (family == Family.PHI3);
        if (!isFamilysOwn) {
            throw rope.unsupported(
                    key,
                    "for " + family.modelType + " models it knows "
                            + (family == Family.PHI3 ? "longrope" : "linear, llama3 and yarn"));
        }
        int original = rope.count("original_max_position_embeddings", originalContext);
        return switch (type) {
            case "default" -> new None();
            case "linear" -> new Linear(required(rope, "factor"));
            case "llama3" -> llama3(rope, base, dimensions, original);
            case "yarn" -> yarn(rope, original, context);
            case "longrope" -> longRope(rope, dimensions, original, context);
            default -> throw rope.unsupported(key, "it knows linear, llama3, yarn and longrope");
        };
    }

    private static Llama3 llama3(Config rope, double base, int dimensions, int originalContext) {
        double factor = required(rope, "factor");
        double lowFactor = required(rope, "low_freq_factor");
        double highFactor = required(rope, "high_freq_factor");
        float[] factors = new float[dimensions / 2];
        for (int i = 0; i < factors.length; i++) {
            double wavelength = 2 * Math.PI * Math.pow(base, 2.0 * i / dimensions);
            double rotations = originalContext / wavelength;
            if (rotations > highFactor) {
                factors[i] = 1;
            } else if (rotations < lowFactor) {
                factors[i] = (float) factor;
            } else {
                double smooth = (rotations - lowFactor) / (highFactor - lowFactor);
                factors[i] = (float) (1 / ((1 - smooth) / factor + smooth));
            }
        }
        return new Llama3(factors);
    }

    private static Yarn yarn(Config rope, int originalContext, int context) {
        if (!rope.flag("truncate", true)) {
            throw rope.unsupported("truncate", "leave it out to round the ramp's ends as YaRN's authors do");
        }
        double factor = rope.positive("factor", (double) context / originalContext);
        double mscale = rope.number("mscale", 0);
        double mscaleAll = rope.number("mscale_all_dim", 0);
        double magnitude = mscale != 0 && mscaleAll != 0
                ? yarnMagnitude(factor, mscale) / yarnMagnitude(factor, mscaleAll)
                : yarnMagnitude(factor, 1);
        return new Yarn(
                factor,
                originalContext,
                rope.positive("attention_factor", magnitude),
                rope.positive("beta_fast", 32),
                rope.positive("beta_slow", 1));
    }

    private static double yarnMagnitude(double factor, double mscale) {
        return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
    }

    private static LongRope longRope(Config rope, int dimensions, int originalContext, int context) {
        double factor = rope.positive("factor", (double) context / originalContext);
        double magnitude = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalContext));
        return new LongRope(
                perFrequency(rope, "short_factor", dimensions),
                perFrequency(rope, "long_factor", dimensions),
                originalContext,
                rope.positive("attention_factor", magnitude));
    }

    private static float[] perFrequency(Config rope, String key, int dimensions) {
        float[] factors = rope.numbers(key);
        if (factors.length != dimensions / 2) {
            throw rope.misfit(key, "a list of " + dimensions / 2 + " numbers, one for each frequency");
        }
        return factors;
    }

    private static double required(Config rope, String key) {
        if (!rope.has(key)) {
            throw rope.misfit(key, "a number above zero");
        }
        return rope.positive(key, 1);
    }
}
