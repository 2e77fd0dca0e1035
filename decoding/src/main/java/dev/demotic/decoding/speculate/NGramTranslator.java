package dev.demotic.decoding.speculate;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.demotic.runtime.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Exchanges tokens that both vocabularies have, and n-grams of draft tokens that are one token of the target, learnt on the way.
 *
 * <p>R. K. Ramakrishnan et al., "OmniDraft: A Cross-vocabulary, Online Adaptive Drafter for On-device Speculative Decoding", NeurIPS 2025,
 * arXiv 2507.02659. From left to right the longest known n-gram is taken, else the token itself; a token that the target lacks ends
 * the draft. Each token that the target emits and that takes the draft model two or more is remembered; of these the ones
 * least recently used are forgotten first.
 */
final class NGramTranslator implements Translator {
    private static final int LONGEST = 8;

    private final Tokenizer draft;
    private final Tokenizer target;
    private final TokenMap map;
    private final Map<List<Integer>, Integer> nGrams;

    NGramTranslator(Tokenizer draft, Tokenizer target, TokenMap map, int entries) {
        this.draft = draft;
        this.target = target;
        this.map = map;
        nGrams = new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<List<Integer>, Integer> eldest) {
                return size() > entries;
            }
        };
    }

    /** N-grams that it knows. */
    synchronized int size() {
        return nGrams.size();
    }

    @Override
    public synchronized int[] translate(int[] tokens) {
        int[] translated = new int[tokens.length];
        int count = 0;
        for (int from = 0; from < tokens.length; ) {
            int length = Math.min(LONGEST, tokens.length - from);
            Integer merged = null;
            for (; length > 1 && merged == null; length--) {
                merged = nGrams.get(list(Arrays.copyOfRange(tokens, from, from + length)));
            }
            int token = merged == null ? map.toTarget(tokens[from]) : merged;
            if (token == TokenMap.NONE) {
                break;
            }
            translated[count++] = token;
            from += merged == null ? 1 : length + 1; // the loop has counted one further
        }
        return Arrays.copyOf(translated, count);
    }

    @Override
    public synchronized void learn(int token) {
        if (!target.isControl(token)) {
            String text = new String(target.bytes(token), UTF_8);
            int[] parts = draft.encode(text);
            // Half a character has no text of its own.
            if (parts.length > 1 && parts.length <= LONGEST && text.indexOf('\uFFFD') < 0) {
                nGrams.put(list(parts), token);
            }
        }
    }

    private static List<Integer> list(int[] tokens) {
        return Arrays.stream(tokens).boxed().toList();
    }
}
