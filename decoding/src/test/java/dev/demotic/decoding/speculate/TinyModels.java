package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import dev.demotic.runtime.tensor.TensorType;
import dev.demotic.runtime.testing.TinyModel;
import java.util.Map;
import java.util.Random;

/** A large and a small model of random weights, and what to ask them. */
final class TinyModels {
    /** The likeliest token, in view of all that were there before. */
    static final SamplingSettings PENALIZED = SamplingSettings.greedy()
            .withRepetitionPenalty(1.4, 16)
            .withFrequencyPenalty(0.3)
            .withLogitBias(Map.of(3, 2.0));

    private TinyModels() {}

    static LanguageModel large(ModelOptions options) {
        return LanguageModel.open(new TinyModel(TensorType.F32, 2, 3, 4), options);
    }

    /** The large one without its last layer: right now and then. */
    static LanguageModel small(ModelOptions options) {
        return LanguageModel.open(new TinyModel(TensorType.F32, 2, 3), options);
    }

    static int[] prompt(long seed, int length) {
        return new Random(seed).ints(length, 0, TinyModel.VOCABULARY).toArray();
    }
}
