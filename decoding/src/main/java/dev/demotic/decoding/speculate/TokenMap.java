package dev.demotic.decoding.speculate;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** The tokens that two vocabularies share: those that stand for the same bytes, and control tokens of the same name. */
final class TokenMap {
    /** The token has no counterpart. */
    static final int NONE = -1;

    private final int[] toDraft;
    private final int[] toTarget;

    /** @throws DemoticException if they have nothing in common */
    TokenMap(Tokenizer draft, Tokenizer target) {
        toDraft = new int[target.size()];
        toTarget = new int[draft.size()];
        Arrays.fill(toDraft, NONE);
        Arrays.fill(toTarget, NONE);
        Map<Key, Integer> known = new HashMap<>();
        for (int token = draft.size() - 1; token >= 0; token--) {
            known.put(Key.of(draft, token), token);
        }
        boolean isEmpty = true;
        for (int token = target.size() - 1; token >= 0; token--) {
            Integer same = known.get(Key.of(target, token));
            if (same != null && target.bytes(token).length > 0) {
                toDraft[token] = same;
                toTarget[same] = token;
                isEmpty = false;
            }
        }
        if (isEmpty) {
            throw new DemoticException(
                    "the draft model and the target have no token in common, so one cannot draft for the other");
        }
    }

    private record Key(boolean isControl, ByteBuffer bytes) {
        private static Key of(Tokenizer tokenizer, int token) {
            return new Key(tokenizer.isControl(token), ByteBuffer.wrap(tokenizer.bytes(token)));
        }
    }

    /** The draft model's token for one of the target's, or {@link #NONE}. */
    int toDraft(int token) {
        return token < toDraft.length ? toDraft[token] : NONE;
    }

    /** The target's token for one of the draft model's, or {@link #NONE}. */
    int toTarget(int token) {
        return token < toTarget.length ? toTarget[token] : NONE;
    }
}
