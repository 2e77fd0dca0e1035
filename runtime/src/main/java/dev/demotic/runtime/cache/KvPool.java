package dev.demotic.runtime.cache;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.KvUse;
import dev.demotic.runtime.backend.KvStore;
import java.util.PriorityQueue;
import java.util.concurrent.CancellationException;

/**
 * The blocks of the paged KV cache (Kwon et al., PagedAttention, 2023): who holds them, how many are reserved, and who waits.
 *
 * <p>A block is always there when it is wanted, since it was reserved before: whole sequences when they are opened, growing ones bit
 * by bit. Where a growing one finds no room, it gives back all it has and waits in a line in which the eldest is first; so
 * nobody waits who holds something, and every sequence comes to its end. A block that several sequences share counts for each
 * of them. Blocks with a known text outlive their sequences in the {@link PrefixCache}. Safe for use by many threads.
 */
public final class KvPool implements AutoCloseable {
    private final KvStore store;
    private final PrefixCache prefixes;
    private final int[] references;
    private final int[] free;
    private final PriorityQueue<Long> line = new PriorityQueue<>();
    private int freeCount;
    private int reserved;
    private long births;

    public KvPool(KvStore store, int blocks) {
        this.store = store;
        prefixes = new PrefixCache(blocks);
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

    public synchronized KvUse use() {
        int used = references.length - freeCount - prefixes.idle();
        return new KvUse(used, prefixes.idle(), reserved, references.length, line.size());
    }

    /** The place in line of a sequence that is opened now. */
    synchronized long birth() {
        return births++;
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

    /** Reserves blocks if there are as many, and nobody older waits for them. */
    synchronized boolean tryReserve(int blocks, long birth) {
        boolean isFirst = line.isEmpty() || birth <= line.peek();
        if (!isFirst || blocks > references.length - reserved) {
            return false;
        }
        reserved += blocks;
        return true;
    }

    /**
     * Reserves blocks as soon as there are as many and all who are older have theirs.
     *
     * @throws CancellationException if the thread is interrupted; the interrupt stays set
     */
    synchronized void reserveInTurn(int blocks, long birth) {
        line.add(birth);
        try {
            while (!tryReserve(blocks, birth)) {
                wait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("decoding was interrupted");
        } finally {
            line.remove(birth);
            notifyAll();
        }
    }

    synchronized void unreserve(int blocks) {
        reserved -= blocks;
        notifyAll();
    }

    synchronized int take() {
        int block = freeCount > 0 ? free[--freeCount] : prefixes.evict();
        references[block] = 1;
        return block;
    }

    synchronized void share(int[] blocks, int count) {
        for (int i = 0; i < count; i++) {
            references[blocks[i]]++;
        }
    }

    /** Whether a block must be left as it is: others hold it, or may come to. */
    synchronized boolean isReadOnly(int block) {
        return references[block] > 1 || prefixes.knows(block);
    }

    synchronized void release(int block) {
        if (--references[block] == 0) {
            if (prefixes.knows(block)) {
                prefixes.release(block);
            } else {
                free[freeCount++] = block;
            }
        }
    }

    /** Holds the block that has these tokens after a text, and returns it; -1 if there is none. */
    synchronized int find(long before, int[] tokens, int from) {
        int block = prefixes.find(before, tokens, from);
        if (block >= 0 && references[block]++ == 0) {
            prefixes.retain(block);
        }
        return block;
    }

    /** The number of the text that a found block ends. */
    synchronized long text(int block) {
        return prefixes.text(block);
    }

    /** Makes a full block known by its tokens, and returns the number of the text that they end. */
    synchronized long remember(int block, long before, int[] tokens, int from) {
        return prefixes.add(block, before, tokens, from);
    }

    @Override
    public void close() {
        store.close();
    }
}
