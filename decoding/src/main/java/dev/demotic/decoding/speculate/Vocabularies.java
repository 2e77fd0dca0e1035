package dev.demotic.decoding.speculate;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Whether two models mean the same by a token. */
final class Vocabularies {
    private Vocabularies() {}

    /** Whether each token stands for the same bytes in both. */
    static boolean areSame(Tokenizer draft, Tokenizer target) {
        return draft.size() == target.size()
                && IntStream.range(0, draft.size()).allMatch(token -> isSame(token, draft, target));
    }

    private static boolean isSame(int token, Tokenizer draft, Tokenizer target) {
        return draft.isControl(token) == target.isControl(token)
                && Arrays.equals(draft.bytes(token), target.bytes(token));
    }

    /**
     * Requires that each token stands for the same bytes in both. Embeddings may be padded to different sizes.
     *
     * @throws DemoticException if not
     */
    static void requireSame(Tokenizer draft, Tokenizer target) {
        String remedy =
                "; take a draft model with the target's tokenizer, or draft across vocabularies, as method foreign does";
        if (draft.size() != target.size()) {
            throw new DemoticException(
                    "the draft model has %,d tokens and the target %,d, so they share no vocabulary%s"
                            .formatted(draft.size(), target.size(), remedy));
        }
        for (int token = 0; token < draft.size(); token++) {
            if (!isSame(token, draft, target)) {
                throw new DemoticException("token %d is \"%s\" to the draft model and \"%s\" to the target%s"
                        .formatted(token, draft.decode(token), target.decode(token), remedy));
            }
        }
    }
}
