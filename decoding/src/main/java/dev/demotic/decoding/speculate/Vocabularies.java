package dev.demotic.decoding.speculate;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.util.Arrays;

/** Whether two models mean the same by a token. */
final class Vocabularies {
    private Vocabularies() {}

    /**
     * Requires that each token stands for the same bytes in both. Embeddings may be padded to different sizes.
     *
     * @throws DemoticException if not
     */
    static void requireSame(LanguageModel draft, LanguageModel target) {
        Tokenizer ours = draft.tokenizer();
        Tokenizer theirs = target.tokenizer();
        String remedy = "; take a draft model with the target's tokenizer, or draft across vocabularies";
        if (ours.size() != theirs.size()) {
            throw new DemoticException(
                    "the draft model has %,d tokens and the target %,d, so they share no vocabulary%s"
                            .formatted(ours.size(), theirs.size(), remedy));
        }
        for (int token = 0; token < ours.size(); token++) {
            if (ours.isControl(token) != theirs.isControl(token)
                    || !Arrays.equals(ours.bytes(token), theirs.bytes(token))) {
                throw new DemoticException("token %d is \"%s\" to the draft model and \"%s\" to the target%s"
                        .formatted(token, ours.decode(token), theirs.decode(token), remedy));
            }
        }
    }
}
