package dev.demotic.server;

import dev.demotic.decoding.sample.TokenLogprobs;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Pass;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.TokenTree;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** How likely a model finds the tokens of a given text. */
final class PromptScores {
    /** Tokens whose logits are held at once. */
    private static final int CHUNK = 64;

    private PromptScores() {}

    /**
     * The likelihoods of all tokens but the first, each after those before it.
     *
     * @throws ApiException if the model cannot compute them now
     */
    static List<TokenLogprobs> of(LanguageModel model, int[] tokens, int alternatives) {
        List<TokenLogprobs> scores = new ArrayList<>();
        try (Sequence sequence = model.newGrowingSequence(tokens.length)) {
            for (int start = 0; start < tokens.length - 1; start += CHUNK) {
                int end = Math.min(start + CHUNK, tokens.length - 1);
                Outputs outputs = sequence.forward(Pass.of(TokenTree.chain(Arrays.copyOfRange(tokens, start, end))));
                for (int i = start; i < end; i++) {
                    scores.add(TokenLogprobs.of(outputs.logits(i - start), tokens[i + 1], alternatives));
                }
                sequence.acceptPathTo(outputs.last());
            }
        } catch (DemoticException failure) {
            throw ApiException.unavailable(String.valueOf(failure.getMessage()), failure);
        }
        return scores;
    }
}
