package dev.demotic.runtime.cache;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.backend.KvStore;

/**
 * The blocks of the paged KV cache (Kwon et al., PagedAttention, 2023): who holds them, and how many are reserved.
 *
 * <p>Every open sequence reserves as many blocks as it may come to hold, so a block is always there when it is wanted, and
 * too much is refused when a sequence is opened. A block that several sequences share counts for each of them. Safe for use
 * by many threads.
 */
public final class KvPool implements AutoCloseable {
    private final KvStore store;
    private final int[] references;
    private final int[] free;
    private int freeCount;
    private int reserved;

    public KvPool(KvStore store, int blocks) {
        this.store = store;
        references = new int[blocks];
        free = new int[blocks];
        for (int i = 0; i < blocks; i++) {
            free[i] = blocks - 1 - i; // low blocks first, so that untouched memory stays uncommitted
        }
        freeCount = blocks;
    }

    public KvStore store() {
        return store;
    }

    public int capacity() {
        return references.length;
    }

    /** Blocks that hold something. */
    public synchronized int used() {
        return references.length - freeCount;
    }

    /** Blocks that open sequences may come to hold. */
    public synchronized int reserved() {
        return reserved;
    }

    /** Reserves {@code blocks} blocks for a sequence, or says why not. */
    synchronized void reserve(int blocks) {
        int left = references.length - reserved;
        if (blocks > left) {
            throw new DemoticException(
                    ("the KV cache has room for %,d more tokens and this sequence may need %,d; close"
                                    + " other sequences, ask for a shorter one, or open the model with more KV tokens")
                            .formatted(left * (long) KvShape.BLOCK, blocks * (long) KvShape.BLOCK));
        }
        reserved += blocks;
    }

    synchronized void unreserve(int blocks) {
        reserved -= blocks;
    }

    synchronized int take() {
        int block = free[--freeCount];
        references[block] = 1;
        return block;
    }

    synchronized void share(int[] blocks, int count) {
        for (int i = 0; i < count; i++) {
            references[blocks[i]]++;
        }
    }

    synchronized boolean isShared(int block) {
        return references[block] > 1;
    }

    synchronized void release(int block) {
        if (--references[block] == 0) {
            free[freeCount++] = block;
        }
    }

    @Override
    public void close() {
        store.close();
    }
}
