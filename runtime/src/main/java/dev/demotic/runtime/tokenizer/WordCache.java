package dev.demotic.runtime.tokenizer;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Remembers the tokens of recent short words, which text repeats.
 *
 * <p>A word has one slot and a newer word takes it over, so memory is bounded and threads need no lock.
 */
final class WordCache implements SubwordModel {
    private static final int SLOTS = 1 << 14;
    private static final int LONGEST_WORD = 48;

    @SuppressWarnings("ArrayRecordComponent")
    private record Entry(String word, int[] tokens) {}

    private final SubwordModel model;
    private final AtomicReferenceArray<@Nullable Entry> entries = new AtomicReferenceArray<>(SLOTS);

    WordCache(SubwordModel model) {
        this.model = model;
    }

    @Override
    public void encode(String word, TokenList out) {
        if (word.length() > LONGEST_WORD) {
            model.encode(word, out);
            return;
        }
        int slot = (word.hashCode() * 0x9E3779B9) >>> 32 - 14;
        Entry entry = entries.getPlain(slot);
        if (entry == null || !entry.word.equals(word)) {
            int start = out.size();
            model.encode(word, out);
            entries.setRelease(slot, new Entry(word, out.from(start)));
        } else {
            out.addAll(entry.tokens);
        }
    }
}
