package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.DemoticException;

/**
 * Copies what followed the last words when they came before, in the prompt or in the reply.
 *
 * <p>A. Saxena, "Prompt Lookup Decoding", 2023, https://github.com/apoorvumang/prompt-lookup-decoding. The longest n-gram that has an
 * earlier match wins, of its matches the first; a match near the end proposes what there is of it.
 *
 * @param longest tokens of the longest n-gram that is looked up
 * @param shortest tokens of the shortest
 */
public record PromptLookup(int longest, int shortest) implements Drafter {
    public PromptLookup {
        if (shortest < 1 || longest < shortest) {
            throw new DemoticException(
                    "prompt lookup with n-grams of %d to %d tokens finds nothing; take 1 or more, in rising order"
                            .formatted(shortest, longest));
        }
    }

    /** The published setting: three tokens, else two, else one. */
    public PromptLookup() {
        this(3, 1);
    }

    @Override
    public String name() {
        return "lookup";
    }

    @Override
    public Session begin(Context context) {
        TokenHistory history = context.sampler().history();
        return tree -> propose(tree, history);
    }

    private void propose(DraftTree tree, TokenHistory history) {
        for (int length = Math.min(longest, history.size() - 1); length >= shortest; length--) {
            for (int start = 0; start < history.size() - length; start++) {
                if (matches(history, start, length)) {
                    copy(tree, history, start + length);
                    return;
                }
            }
        }
    }

    /** Whether the {@code length} tokens from {@code start} on are the last ones. */
    private static boolean matches(TokenHistory history, int start, int length) {
        int end = history.size() - length;
        for (int i = 0; i < length; i++) {
            if (history.token(start + i) != history.token(end + i)) {
                return false;
            }
        }
        return true;
    }

    private static void copy(DraftTree tree, TokenHistory history, int from) {
        int node = DraftTree.ROOT;
        for (int i = from; i < history.size() && node != DraftTree.NONE; i++) {
            node = tree.add(node, history.token(i));
        }
    }
}
