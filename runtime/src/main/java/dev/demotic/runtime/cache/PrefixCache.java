package dev.demotic.runtime.cache;

import static dev.demotic.runtime.cache.KvShape.BLOCK;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which blocks hold which text, so that a prompt which begins as an earlier one did need not be read again.
 *
 * <p>A full block is found by its tokens and by the text before them, which is the chain of blocks that automatic prefix caching
 * goes by (Kwon et al., PagedAttention, 2023, section 4.3; vLLM). Texts have numbers instead of hashes, so that no two are ever
 * confused. Blocks that no sequence holds stay until their memory is wanted; those unused for longest go first.
 *
 * <p>Used under the pool's lock.
 */
final class PrefixCache {
    /** The text before the first token. */
    static final long EMPTY_TEXT = 0;

    private static final int NONE = -1;

    /** What a block holds, after the text that the block before it ends. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Content(long before, int[] tokens) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Content(long text, int[] others) && before == text && Arrays.equals(tokens, others);
        }

        @Override
        public int hashCode() {
            return 31 * Long.hashCode(before) + Arrays.hashCode(tokens);
        }
    }

    private final Map<Content, Integer> blocks = new HashMap<>();
    private final @Nullable Content[] contents;
    /** By block: the number of the text that it ends. */
    private final long[] texts;
    /** The idle blocks, as a list from the one unused for longest to the one used last; by block. */
    private final int[] older;

    private final int[] newer;
    private int oldest = NONE;
    private int newest = NONE;
    private int idle;
    private long lastText = EMPTY_TEXT;

    PrefixCache(int capacity) {
        contents = new Content[capacity];
        texts = new long[capacity];
        older = new int[capacity];
        newer = new int[capacity];
    }

    /** The block that holds the tokens from {@code from} on after a text, or -1. */
    int find(long before, int[] tokens, int from) {
        return blocks.getOrDefault(content(before, tokens, from), NONE);
    }

    private static Content content(long before, int[] tokens, int from) {
        return new Content(before, Arrays.copyOfRange(tokens, from, from + BLOCK));
    }

    /** The text that a block ends, if it is one that can be found. */
    long text(int block) {
        return texts[block];
    }

    /** Makes a block known by the tokens that it holds, unless another one holds the same; returns the text that they end. */
    long add(int block, long before, int[] tokens, int from) {
        Content content = content(before, tokens, from);
        Integer known = blocks.putIfAbsent(content, block);
        if (known != null) {
            return texts[known];
        }
        contents[block] = content;
        texts[block] = ++lastText;
        return lastText;
    }

    /** Whether a block can be found, and so must not be written. */
    boolean knows(int block) {
        return contents[block] != null;
    }

    /** Blocks that no sequence holds. */
    int idle() {
        return idle;
    }

    /** Says that no sequence holds a known block any more. */
    void release(int block) {
        older[block] = newest;
        newer[block] = NONE;
        if (newest == NONE) {
            oldest = block;
        } else {
            newer[newest] = block;
        }
        newest = block;
        idle++;
    }

    /** Says that a sequence holds a block again that none held. */
    void retain(int block) {
        int before = older[block];
        int after = newer[block];
        if (before == NONE) {
            oldest = after;
        } else {
            newer[before] = after;
        }
        if (after == NONE) {
            newest = before;
        } else {
            older[after] = before;
        }
        idle--;
    }

    /** Forgets the block that was unused for longest, and returns it; there must be an idle one. */
    int evict() {
        int block = oldest;
        retain(block);
        blocks.remove(contents[block]);
        contents[block] = null;
        return block;
    }
}
