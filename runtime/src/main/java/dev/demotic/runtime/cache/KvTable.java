package dev.demotic.runtime.cache;

import static dev.demotic.runtime.cache.KvShape.BLOCK;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/**
 * The block table of one sequence: which block holds which positions.
 *
 * <p>Slots 0..length-1 are committed; a pass writes its nodes into the slots after them, {@link #accept} moves one path of
 * them into place. Blocks shared with a fork, or known by their text, are copied before they are written. Used by one thread at a
 * time.
 */
public final class KvTable implements AutoCloseable {
    /** Slots that a growing table reserves beyond those it was asked for, so that it need not ask often. */
    private static final int AHEAD = 256;

    private final KvPool pool;
    private final long birth;
    private final int[] blocks;
    /** By block: the number of the text that it ends, as far as the text is known. */
    private final long[] texts;

    private int reserved;
    private int count;
    private int length;
    private int known;
    private boolean closed;

    private KvTable(KvPool pool, int blocks) {
        this.pool = pool;
        this.blocks = new int[blocks];
        texts = new long[blocks];
        birth = pool.birth();
    }

    /**
     * A table whose slots are all reserved.
     *
     * @param capacity slots that the sequence may come to need, draft nodes included
     * @throws dev.demotic.runtime.DemoticException if the pool cannot reserve them
     */
    public static KvTable reserved(KvPool pool, int capacity) {
        KvTable table = new KvTable(pool, KvShape.blocks(capacity));
        pool.reserve(table.blocks.length);
        table.reserved = table.blocks.length;
        return table;
    }

    /** A table that has no room yet: {@link #grow} before slots are written. */
    public static KvTable growing(KvPool pool, int capacity) {
        return new KvTable(pool, KvShape.blocks(capacity));
    }

    /** Blocks that a growing table of this capacity reserves when it needs so many slots first. */
    public static int firstBlocks(int slots, int capacity) {
        return Math.min(KvShape.blocks(capacity), KvShape.blocks(slots + AHEAD));
    }

    /** Committed positions. */
    public int length() {
        return length;
    }

    /** Slots that the table can hold. */
    public int capacity() {
        return blocks.length * BLOCK;
    }

    /** The block that holds a slot. */
    public int block(int slot) {
        return blocks[slot / BLOCK];
    }

    /** Blocks in use. */
    public int blocks() {
        return count;
    }

    /** Writes the numbers of the blocks in use to {@code out}, from a byte on. */
    public void copyBlocks(MemorySegment out, long offset) {
        MemorySegment.copy(blocks, 0, out, ValueLayout.JAVA_INT, offset, count);
    }

    /** Sees that there is room for this many slots, as far as the table goes at all; false if the pool has no more now. */
    public boolean grow(int slots) {
        return isReserved(slots) || reserveTo(pool.tryReserve(missing(slots), birth), slots);
    }

    /**
     * Waits for room for this many slots; the table must be {@linkplain #giveBack given back}.
     *
     * @throws java.util.concurrent.CancellationException if the thread is interrupted
     */
    public void growInTurn(int slots) {
        pool.reserveInTurn(missing(slots), birth);
        reserveTo(true, slots);
    }

    private boolean isReserved(int slots) {
        return reserved >= Math.min(blocks.length, KvShape.blocks(slots));
    }

    private int missing(int slots) {
        return firstBlocks(slots, capacity()) - reserved;
    }

    private boolean reserveTo(boolean granted, int slots) {
        reserved += granted ? missing(slots) : 0;
        return granted;
    }

    /** Forgets all, and gives back what was reserved. */
    public void giveBack() {
        truncate(0);
        pool.unreserve(reserved);
        reserved = 0;
    }

    /** Makes the slots from {@link #length} to {@code end} writable: present, and shared with nobody. */
    public void makeWritable(int end) {
        int needed = KvShape.blocks(end);
        for (int i = length / BLOCK; i < Math.min(count, needed); i++) {
            if (pool.isReadOnly(blocks[i])) {
                int copy = pool.take();
                pool.store().copyBlock(blocks[i], copy);
                pool.release(blocks[i]);
                blocks[i] = copy;
            }
        }
        while (count < needed) {
            blocks[count++] = pool.take();
        }
    }

    /** Moves the slots of one path, in ascending order, to follow the committed ones, and commits them. */
    public void accept(int[] slots) {
        for (int slot : slots) {
            if (slot != length) {
                pool.store().move(block(slot), slot % BLOCK, block(length), length % BLOCK);
            }
            length++;
        }
    }

    /**
     * Takes blocks that hold the beginning of a text already; the table must be empty, and have room.
     *
     * @param limit the most positions to take
     * @return positions taken
     */
    public int take(int[] tokens, int limit) {
        long text = PrefixCache.EMPTY_TEXT;
        while (length + BLOCK <= limit) {
            int block = pool.find(text, tokens, length);
            if (block < 0) {
                break;
            }
            text = pool.text(block);
            texts[count] = text;
            blocks[count++] = block;
            length += BLOCK;
        }
        known = count;
        return length;
    }

    /** Lets others find the full blocks of the first {@code end} positions, whose tokens these are. */
    public void remember(int[] tokens, int end) {
        for (; (known + 1) * BLOCK <= end; known++) {
            long before = known == 0 ? PrefixCache.EMPTY_TEXT : texts[known - 1];
            texts[known] = pool.remember(blocks[known], before, tokens, known * BLOCK);
        }
    }

    /** Forgets the positions from {@code newLength} on and gives back blocks that are now empty. */
    public void truncate(int newLength) {
        length = Math.min(length, newLength);
        known = Math.min(known, length / BLOCK);
        while (count > KvShape.blocks(length)) {
            pool.release(blocks[--count]); // the last first, so that the beginnings of texts are kept for longest
        }
    }

    /**
     * A second table with the same committed positions and all its slots reserved; blocks are shared until one of the two writes.
     *
     * @throws dev.demotic.runtime.DemoticException if the pool cannot reserve as much again
     */
    public KvTable fork() {
        pool.reserve(blocks.length);
        return copy();
    }

    /** A {@link #fork}, if the pool can reserve it. */
    public Optional<KvTable> tryFork() {
        return pool.tryReserve(blocks.length, birth) ? Optional.of(copy()) : Optional.empty();
    }

    private KvTable copy() {
        KvTable copy = new KvTable(pool, blocks.length);
        copy.reserved = blocks.length;
        copy.count = KvShape.blocks(length);
        copy.length = length;
        copy.known = known;
        System.arraycopy(blocks, 0, copy.blocks, 0, copy.count);
        System.arraycopy(texts, 0, copy.texts, 0, known);
        pool.share(blocks, copy.count);
        return copy;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            giveBack();
        }
    }
}
