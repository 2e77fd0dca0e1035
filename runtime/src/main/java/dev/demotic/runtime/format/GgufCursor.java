package dev.demotic.runtime.format;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.demotic.runtime.DemoticException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Reads the values of a GGUF header one after another, never past the end of the file, and never allocating for a count
 * that the rest of the file cannot hold.
 */
final class GgufCursor {
    private static final ValueLayout.OfShort INT16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong INT64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT32 =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble FLOAT64 =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Far above what models have (vocabularies and merges are below a million), far below what would fill the heap. */
    private static final int MAX_ELEMENTS = 1 << 24;

    private static final int MAX_STRING_BYTES = 1 << 27;
    private static final int MAX_NESTING = 8;

    private final Path path;
    private final MemorySegment file;
    private byte[] text = new byte[256];
    private long position;
    private long elements;

    GgufCursor(Path path, MemorySegment file) {
        this.path = path;
        this.file = file;
    }

    long size() {
        return file.byteSize();
    }

    DemoticException failure(String why) {
        return new DemoticException(path + " " + why);
    }

    /** The bytes from the next multiple of {@code alignment} to the end. */
    MemorySegment rest(int alignment) {
        long start = (position + alignment - 1) & -(long) alignment;
        return file.asSlice(Math.min(start, size()));
    }

    int int32(String what) {
        return file.get(INT32, advance(4, what));
    }

    long int64(String what) {
        return file.get(INT64, advance(8, what));
    }

    /** A number of things that take at least {@code smallest} bytes each. */
    int count(String what, int smallest) {
        long count = int64("the number of " + what);
        if (count < 0 || count > (size() - position) / smallest || count > MAX_ELEMENTS - elements) {
            throw failure("announces " + Long.toUnsignedString(count) + " " + what
                    + ", more than it can hold, so it is damaged or truncated; download or convert it again");
        }
        elements += count;
        return (int) count;
    }

    String string(String what) {
        long length = int64(what);
        if (length < 0 || length > MAX_STRING_BYTES) {
            throw failure("announces a text of " + Long.toUnsignedString(length) + " bytes for " + what
                    + ", so it is damaged; download or convert it again");
        }
        long start = advance(length, what);
        int bytes = (int) length;
        if (bytes > text.length) {
            text = new byte[Math.max(bytes, 2 * text.length)];
        }
        MemorySegment.copy(file, JAVA_BYTE, start, text, 0, bytes);
        return new String(text, 0, bytes, StandardCharsets.UTF_8);
    }

    /** A value with its type before it. */
    Metadata.Value value(String what) {
        Metadata.Type type = type(what);
        return type == Metadata.Type.ARRAY ? array(what, 1) : new Metadata.Value(type, type, scalar(type, what));
    }

    private Metadata.Type type(String what) {
        int id = int32(what);
        Metadata.Type[] types = Metadata.Type.values();
        if (id < 0 || id >= types.length) {
            throw failure("gives " + what + " the unknown value type " + Integer.toUnsignedString(id)
                    + ", so it is damaged; download or convert it again");
        }
        return types[id];
    }

    private Object scalar(Metadata.Type type, String what) {
        return switch (type) {
            case UINT8 -> Byte.toUnsignedInt(int8(what));
            case INT8 -> (int) int8(what);
            case UINT16 -> Short.toUnsignedInt(int16(what));
            case INT16 -> (int) int16(what);
            case UINT32 -> Integer.toUnsignedLong(int32(what));
            case INT32 -> int32(what);
            case FLOAT32 -> file.get(FLOAT32, advance(4, what));
            case BOOL -> bool(what);
            case STRING -> string(what);
            case UINT64, INT64 -> int64(what);
            case FLOAT64 -> file.get(FLOAT64, advance(8, what));
            case ARRAY -> throw new IllegalArgumentException("an array is no scalar");
        };
    }

    private byte int8(String what) {
        return file.get(JAVA_BYTE, advance(1, what));
    }

    private short int16(String what) {
        return file.get(INT16, advance(2, what));
    }

    private boolean bool(String what) {
        byte value = int8(what);
        if (value != 0 && value != 1) {
            throw failure("gives " + what + " the truth value " + Byte.toUnsignedInt(value)
                    + ", so it is damaged; download or convert it again");
        }
        return value == 1;
    }

    private Metadata.Value array(String what, int depth) {
        if (depth > MAX_NESTING) {
            throw failure("nests " + what + " deeper than " + MAX_NESTING + " arrays, so it is damaged");
        }
        Metadata.Type type = type(what);
        int count = count("elements of " + what, smallestBytes(type));
        Object values = switch (type) {
            case UINT8, INT8 -> block(JAVA_BYTE, count, what).toArray(JAVA_BYTE);
            case UINT16, INT16 -> block(INT16, count, what).toArray(INT16);
            case UINT32, INT32 -> block(INT32, count, what).toArray(INT32);
            case UINT64, INT64 -> block(INT64, count, what).toArray(INT64);
            case FLOAT32 -> block(FLOAT32, count, what).toArray(FLOAT32);
            case FLOAT64 -> block(FLOAT64, count, what).toArray(FLOAT64);
            case BOOL -> bools(count, what);
            case STRING -> strings(count, what);
            case ARRAY -> arrays(count, what, depth + 1);
        };
        return new Metadata.Value(Metadata.Type.ARRAY, type, values);
    }

    private static int smallestBytes(Metadata.Type type) {
        return switch (type) {
            case UINT8, INT8, BOOL -> 1;
            case UINT16, INT16 -> 2;
            case UINT32, INT32, FLOAT32 -> 4;
            case UINT64, INT64, FLOAT64, STRING -> 8;
            case ARRAY -> 12;
        };
    }

    private MemorySegment block(ValueLayout layout, int count, String what) {
        long bytes = count * layout.byteSize();
        return file.asSlice(advance(bytes, what), bytes);
    }

    private boolean[] bools(int count, String what) {
        boolean[] values = new boolean[count];
        for (int i = 0; i < count; i++) {
            values[i] = bool(what);
        }
        return values;
    }

    private String[] strings(int count, String what) {
        String[] values = new String[count];
        for (int i = 0; i < count; i++) {
            values[i] = string(what);
        }
        return values;
    }

    private Metadata.Value[] arrays(int count, String what, int depth) {
        Metadata.Value[] values = new Metadata.Value[count];
        for (int i = 0; i < count; i++) {
            values[i] = array(what, depth);
        }
        return values;
    }

    private long advance(long bytes, String what) {
        if (bytes > size() - position) {
            throw failure("ends inside " + what + ", so it is truncated; download or convert it again");
        }
        long start = position;
        position += bytes;
        return start;
    }
}
