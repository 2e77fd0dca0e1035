package dev.demotic.runtime.cache;

import dev.demotic.runtime.DemoticException;
import java.util.Arrays;
import java.util.Locale;

/** How keys and values are kept. */
public enum KvType {
    /** As they were computed. */
    F32(0, 4),
    /** Half precision. */
    F16(1, 2),
    /** The upper half of a float: its range with 8 bits of precision. */
    BF16(2, 2),
    /** Levels from -127 to 127, with a float scale for each head of each position. */
    Q8(3, 1);

    private final int id;
    private final int bytes;

    KvType(int id, int bytes) {
        this.id = id;
        this.bytes = bytes;
    }

    /** The number by which native kernels know the type. */
    public int id() {
        return id;
    }

    /** Bytes of an element. */
    public int bytes() {
        return bytes;
    }

    /** Bytes of the scales of a head's keys, or of its values, in a block. */
    int scaleBytes() {
        return this == Q8 ? Float.BYTES * KvShape.BLOCK : 0;
    }

    /** @throws DemoticException if there is no type of that name */
    public static KvType named(String name) {
        return Arrays.stream(values())
                .filter(type -> type.name().equals(name.toUpperCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new DemoticException(
                        "there is no KV cache type '" + name + "'; choose " + Arrays.toString(values())));
    }
}
