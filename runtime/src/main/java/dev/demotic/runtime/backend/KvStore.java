package dev.demotic.runtime.backend;

/** The keys and values of a pool of blocks, on the device. */
public interface KvStore extends AutoCloseable {
    /** Copies all layers of a block. */
    void copyBlock(int from, int to);

    /** Moves one position of all layers to another slot, of this block or another. */
    void move(int fromBlock, int fromSlot, int toBlock, int toSlot);

    @Override
    void close();
}
