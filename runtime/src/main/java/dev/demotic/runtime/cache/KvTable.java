package dev.demotic.runtime.cache;

import static dev.demotic.runtime.cache.KvShape.BLOCK;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The block table of one sequence: which block holds which positions.
 *
 * <p>Slots 0..length-1 are committed; a pass writes its nodes into the slots after them, {@link #accept} moves one path of
 * them into place. Blocks shared with a fork are copied before they are written. Used by one thread at a time.
 */
public final class KvTable implements AutoCloseable {
    private final KvPool pool;
    private final int[] blocks;
    private int count;
    private int length;
    private boolean closed;

    /**
     * @param capacity slots that the sequence may come to need, draft nodes included
     * @throws dev.demotic.runtime.DemoticException if the pool cannot reserve them
     */
    public KvTable(KvPool pool, int capacity) {
        this(pool, new int[KvShape.blocks(capacity)], 0, 0);
    }

    private KvTable(KvPool pool, int[] blocks, int count, int length) {
        pool.reserve(blocks.length);
        this.pool = pool;
        this.blocks = blocks;
        this.count = count;
        this.length = length;
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

    /** Makes the slots from {@link #length} to {@code end} writable: present, and shared with nobody. */
    public void makeWritable(int end) {
        int needed = KvShape.blocks(end);
        for (int i = length / BLOCK; i < Math.min(count, needed); i++) {
            if (pool.isShared(blocks[i])) {
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

    /** Forgets the positions from {@code newLength} on and gives back blocks that are now empty. */
    public void truncate(int newLength) {
        length = Math.min(length, newLength);
        while (count > KvShape.blocks(length)) {
            pool.release(blocks[--count]);
        }
    }

    /**
     * A second table with the same committed positions; blocks are shared until one of the two writes.
     *
     * @throws dev.demotic.runtime.DemoticException if the pool cannot reserve as much again
     */
    public KvTable fork() {
        int shared = KvShape.blocks(length);
        KvTable fork = new KvTable(pool, Arrays.copyOf(blocks, blocks.length), shared, length);
        pool.share(blocks, shared);
        return fork;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            truncate(0);
            pool.unreserve(blocks.length);
        }
    }
}
