package dev.demotic.runtime.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.demotic.runtime.backend.Step;
import dev.demotic.runtime.cache.KvTable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/** {@code struct attention} of demotic.h: the arguments of an attention and a copy of the step's rows, where C can read them. */
final class AttentionArguments {
    private static final StructLayout STRUCT = MemoryLayout.structLayout(
            JAVA_LONG.withName("queries"),
            JAVA_LONG.withName("keys"),
            JAVA_LONG.withName("values"),
            JAVA_LONG.withName("out"),
            JAVA_LONG.withName("query_stride"),
            JAVA_LONG.withName("key_stride"),
            JAVA_LONG.withName("value_stride"),
            JAVA_LONG.withName("out_stride"),
            JAVA_LONG.withName("store"),
            JAVA_LONG.withName("block_bytes"),
            JAVA_LONG.withName("head_bytes"),
            JAVA_LONG.withName("values_at"),
            JAVA_INT.withName("type"),
            JAVA_INT.withName("heads"),
            JAVA_INT.withName("kv_heads"),
            JAVA_INT.withName("dimension"),
            JAVA_INT.withName("window"),
            JAVA_FLOAT.withName("scale"),
            JAVA_FLOAT.withName("soft_cap"),
            MemoryLayout.paddingLayout(4),
            JAVA_LONG.withName("position"),
            JAVA_LONG.withName("slot"),
            JAVA_LONG.withName("linear"),
            JAVA_LONG.withName("ancestors_at"),
            JAVA_LONG.withName("ancestors"),
            JAVA_LONG.withName("blocks_at"),
            JAVA_LONG.withName("blocks"));
    private static final long QUERIES = offset("queries");
    private static final long KEYS = offset("keys");
    private static final long VALUES = offset("values");
    private static final long OUT = offset("out");
    private static final long QUERY_STRIDE = offset("query_stride");
    private static final long KEY_STRIDE = offset("key_stride");
    private static final long VALUE_STRIDE = offset("value_stride");
    private static final long OUT_STRIDE = offset("out_stride");
    private static final long STORE = offset("store");
    private static final long BLOCK_BYTES = offset("block_bytes");
    private static final long HEAD_BYTES = offset("head_bytes");
    private static final long VALUES_AT = offset("values_at");
    private static final long TYPE = offset("type");
    private static final long HEADS = offset("heads");
    private static final long KV_HEADS = offset("kv_heads");
    private static final long DIMENSION = offset("dimension");
    private static final long WINDOW = offset("window");
    private static final long SCALE = offset("scale");
    private static final long SOFT_CAP = offset("soft_cap");
    private static final long POSITION = offset("position");
    private static final long SLOT = offset("slot");
    private static final long LINEAR = offset("linear");
    private static final long ANCESTORS_AT = offset("ancestors_at");
    private static final long ANCESTORS = offset("ancestors");
    private static final long BLOCKS_AT = offset("blocks_at");
    private static final long BLOCKS = offset("blocks");

    private final Arena arena;
    private final MemorySegment struct;
    private MemorySegment numbers = MemorySegment.NULL;
    private long step = -1;

    /** @param arena owns the memory */
    AttentionArguments(Arena arena) {
        this.arena = arena;
        struct = NativeMemory.reserve(STRUCT.byteSize(), arena);
    }

    private static long offset(String field) {
        return STRUCT.byteOffset(PathElement.groupElement(field));
    }

    long address() {
        return struct.address();
    }

    /** Takes over what an attention reads and writes. */
    void set(Attention a) {
        if (a.step.number() != step) {
            copy(a.step);
            step = a.step.number();
        }
        CpuKvStore store = a.store;
        struct.set(JAVA_LONG, QUERIES, a.queries.memory().address());
        struct.set(JAVA_LONG, KEYS, a.keys.memory().address());
        struct.set(JAVA_LONG, VALUES, a.values.memory().address());
        struct.set(JAVA_LONG, OUT, a.out.memory().address());
        struct.set(JAVA_LONG, QUERY_STRIDE, a.queries.stride() / Float.BYTES);
        struct.set(JAVA_LONG, KEY_STRIDE, a.keys.stride() / Float.BYTES);
        struct.set(JAVA_LONG, VALUE_STRIDE, a.values.stride() / Float.BYTES);
        struct.set(JAVA_LONG, OUT_STRIDE, a.out.stride() / Float.BYTES);
        struct.set(JAVA_LONG, STORE, store.memory().address() + store.keys(0, a.layer, 0));
        struct.set(JAVA_LONG, BLOCK_BYTES, store.shape().blockBytes());
        struct.set(JAVA_LONG, HEAD_BYTES, store.shape().headBytes());
        struct.set(JAVA_LONG, VALUES_AT, store.valuesAt());
        struct.set(JAVA_INT, TYPE, store.shape().type().id());
        struct.set(JAVA_INT, HEADS, a.shape.heads());
        struct.set(JAVA_INT, KV_HEADS, a.shape.kvHeads());
        struct.set(JAVA_INT, DIMENSION, a.shape.headDimension());
        struct.set(JAVA_INT, WINDOW, a.shape.window());
        struct.set(JAVA_FLOAT, SCALE, a.shape.scale());
        struct.set(JAVA_FLOAT, SOFT_CAP, a.shape.softCap());
    }

    /** Copies the rows of a step and the block tables of its sequences, one after the other. */
    private void copy(Step of) {
        int blocks = 0;
        for (int i = 0; i < of.contexts(); i++) {
            blocks += of.context(i).blocks();
        }
        long needed = 4L * (5L * of.rows + of.ancestorCount() + blocks);
        if (numbers.byteSize() < needed) {
            numbers = NativeMemory.reserve(Math.max(needed, 2 * numbers.byteSize()), arena);
        }
        long at = 0;
        at = put(POSITION, of.position, of.rows, at);
        at = put(SLOT, of.slot, of.rows, at);
        at = put(LINEAR, of.linear, of.rows, at);
        at = put(ANCESTORS_AT, of.ancestorsAt, of.rows, at);
        at = put(ANCESTORS, of.ancestors, of.ancestorCount(), at);
        long blocksAt = at;
        at += 4L * of.rows;
        struct.set(JAVA_LONG, BLOCKS_AT, numbers.address() + blocksAt);
        struct.set(JAVA_LONG, BLOCKS, numbers.address() + at);
        int first = 0;
        int row = 0;
        for (int i = 0; i < of.contexts(); i++) {
            KvTable table = of.context(i);
            for (; row < of.rows && of.contextOf(row) == i; row++) {
                numbers.setAtIndex(JAVA_INT, blocksAt / 4 + row, first);
            }
            table.copyBlocks(numbers, at + 4L * first);
            first += table.blocks();
        }
    }

    private long put(long field, int[] values, int count, long at) {
        MemorySegment.copy(values, 0, numbers, JAVA_INT, at, count);
        struct.set(JAVA_LONG, field, numbers.address() + at);
        return at + 4L * count;
    }
}
