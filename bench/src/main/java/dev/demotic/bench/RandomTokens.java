package dev.demotic.bench;

import dev.demotic.runtime.LanguageModel;
import java.util.Random;

/** Tokens that mean nothing: the speed of a dense model does not depend on what it reads. */
final class RandomTokens {
    private RandomTokens() {}

    /** {@code count} tokens of the model's vocabulary, the same for the same seed. */
    static int[] of(LanguageModel model, int count, int seed) {
        return new Random(seed).ints(count, 0, model.config().vocabulary()).toArray();
    }
}
