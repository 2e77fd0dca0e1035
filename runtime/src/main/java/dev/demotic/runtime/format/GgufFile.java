package dev.demotic.runtime.format;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.tensor.Tensor;
import dev.demotic.runtime.tensor.TensorType;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;

/**
 * A GGUF file, version 2 or 3, little-endian, memory-mapped: opening it reads the metadata and the list of tensors only.
 *
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">The GGUF specification</a>
 */
public final class GgufFile implements ModelSource {
    static final int MAGIC = 'G' | 'G' << 8 | 'U' << 16 | 'F' << 24;

    private static final int DEFAULT_ALIGNMENT = 32;
    private static final int MAX_ALIGNMENT = 1 << 20;
    private static final int MAX_DIMENSIONS = 4;

    private static final int SMALLEST_ENTRY = 8 + 1 + 4 + 1;
    private static final int SMALLEST_TENSOR_ENTRY = 8 + 1 + 4 + 4 + 8;

    private final Path path;
    private final Arena arena;
    private final Metadata metadata;
    private final Map<String, Tensor> tensors;

    private GgufFile(Path path, Arena arena, MemorySegment file) {
        this.path = path;
        this.arena = arena;
        GgufCursor cursor = new GgufCursor(path, file);
        checkMagicAndVersion(cursor);
        int tensorCount = cursor.count("tensors", SMALLEST_TENSOR_ENTRY);
        int entryCount = cursor.count("metadata entries", SMALLEST_ENTRY);
        this.metadata = readMetadata(cursor, entryCount);
        refusePartOfSplit(path, metadata);
        this.tensors = Collections.unmodifiableMap(readTensors(cursor, tensorCount));
    }

    /**
     * Opens a file.
     *
     * @throws DemoticException if there is no such file, or it is no sound GGUF file; one sentence says which and where
     */
    @SuppressWarnings("MustBeClosedChecker") // the arena is closed by close()
    public static GgufFile open(Path path) {
        if (!Files.exists(path)) {
            throw new DemoticException("there is no file " + path + "; check the path");
        }
        if (Files.isDirectory(path)) {
            throw new DemoticException(path + " is a folder, not a GGUF file; name the file in it");
        }
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return new GgufFile(path, arena, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
        } catch (ClosedByInterruptException e) {
            arena.close();
            throw (CancellationException) new CancellationException("interrupted while opening " + path).initCause(e);
        } catch (IOException e) {
            arena.close();
            throw new DemoticException(path + " cannot be read (" + e + "); check that it is a file you may read", e);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    /** True if a file begins as GGUF files do; false as well if it cannot be read. */
    public static boolean isGguf(Path path) {
        if (!Files.isRegularFile(path)) {
            return false;
        }
        try (InputStream in = Files.newInputStream(path)) {
            return Arrays.equals(in.readNBytes(4), new byte[] {'G', 'G', 'U', 'F'});
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public Metadata metadata() {
        return metadata;
    }

    @Override
    public Map<String, Tensor> tensors() {
        return tensors;
    }

    @Override
    public void close() {
        arena.close();
    }

    private static void checkMagicAndVersion(GgufCursor cursor) {
        if (cursor.size() == 0) {
            throw cursor.failure("is empty; download or convert it again");
        }
        if (cursor.int32("the header") != MAGIC) {
            throw cursor.failure("is no GGUF file: it does not begin with the letters GGUF");
        }
        int version = cursor.int32("the header");
        if (version != 0 && (version & 0xffff) == 0) {
            throw cursor.failure("is a big-endian GGUF file; take the little-endian one");
        }
        if (version != 2 && version != 3) {
            throw cursor.failure("has GGUF version " + Integer.toUnsignedString(version)
                    + ", but Demotic reads versions 2 and 3; convert the model again");
        }
    }

    private static Metadata readMetadata(GgufCursor cursor, int count) {
        Metadata metadata = new Metadata();
        for (int i = 0; i < count; i++) {
            String key = cursor.string("metadata key " + (i + 1) + " of " + count);
            if (key.isEmpty()) {
                throw cursor.failure("has an empty metadata key, so it is damaged; download or convert it again");
            }
            if (metadata.has(key)) {
                throw cursor.failure("has the metadata key " + key + " twice; convert the model again");
            }
            metadata.put(key, cursor.value("metadata key " + key));
        }
        return metadata;
    }

    private static void refusePartOfSplit(Path path, Metadata metadata) {
        long parts = number(path, metadata, "split.count", 1);
        if (parts > 1) {
            throw new DemoticException(path + " is one of " + parts
                    + " parts of a split model; join them first with llama.cpp's llama-gguf-split --merge");
        }
    }

    private static long number(Path path, Metadata metadata, String key, long otherwise) {
        Metadata.Value value = metadata.values().get(key);
        if (value == null) {
            return otherwise;
        }
        if (!(value.value() instanceof Number number)) {
            throw new DemoticException(path + " has no number under " + key + "; convert the model again");
        }
        return number.longValue();
    }

    /** Where a tensor's bytes are, counted from the start of the data. */
    private record Entry(String name, TensorType type, long[] shape, long offset, long bytes) {}

    private Map<String, Tensor> readTensors(GgufCursor cursor, int count) {
        int alignment = alignment(path, metadata);
        Map<String, Entry> entries = LinkedHashMap.newLinkedHashMap(count);
        for (int i = 0; i < count; i++) {
            Entry entry = readEntry(cursor, "tensor " + (i + 1) + " of " + count, alignment);
            if (entries.put(entry.name(), entry) != null) {
                throw cursor.failure("has the tensor " + entry.name() + " twice; convert the model again");
            }
        }
        refuseOverlap(cursor, entries.values());
        MemorySegment data = cursor.rest(alignment);
        Map<String, Tensor> tensors = LinkedHashMap.newLinkedHashMap(count);
        for (Entry entry : entries.values()) {
            if (entry.offset() > data.byteSize() - entry.bytes()) {
                throw cursor.failure("ends before the data of tensor " + entry.name()
                        + ", so it is truncated; download or convert it again");
            }
            MemorySegment bytes = data.asSlice(entry.offset(), entry.bytes());
            tensors.put(entry.name(), new Tensor(entry.name(), entry.type(), entry.shape(), bytes));
        }
        return tensors;
    }

    /** What offsets of tensors are multiples of. */
    static int alignment(Path path, Metadata metadata) {
        long alignment = number(path, metadata, "general.alignment", DEFAULT_ALIGNMENT);
        if (alignment < 1 || alignment > MAX_ALIGNMENT || Long.bitCount(alignment) != 1) {
            throw new DemoticException(path + " has general.alignment " + alignment
                    + ", which is no power of two up to " + MAX_ALIGNMENT + "; convert the model again");
        }
        return (int) alignment;
    }

    private static Entry readEntry(GgufCursor cursor, String which, int alignment) {
        String name = cursor.string("the name of " + which);
        String what = "tensor " + name;
        int dimensions = cursor.int32(what);
        if (dimensions < 0 || dimensions > MAX_DIMENSIONS) {
            throw cursor.failure("gives " + what + " " + Integer.toUnsignedString(dimensions)
                    + " dimensions, but GGUF allows up to " + MAX_DIMENSIONS + "; the file is damaged");
        }
        long[] shape = new long[dimensions];
        for (int i = 0; i < dimensions; i++) {
            shape[i] = cursor.int64(what);
        }
        int typeId = cursor.int32(what);
        TensorType type = TensorType.of(typeId)
                .orElseThrow(
                        () -> cursor.failure("stores " + what + " as type " + Integer.toUnsignedString(typeId) + " ("
                                + TensorType.nameOf(typeId)
                                + "), which Demotic does not read; take a file quantized to another type, "
                                + "such as Q4_K_M or Q8_0"));
        long offset = cursor.int64(what);
        if (offset < 0 || offset % alignment != 0) {
            throw cursor.failure("places " + what + " at offset " + Long.toUnsignedString(offset)
                    + ", which is no multiple of its alignment " + alignment + "; the file is damaged");
        }
        return new Entry(name, type, shape, offset, bytes(cursor, what, type, shape));
    }

    private static long bytes(GgufCursor cursor, String what, TensorType type, long[] shape) {
        long elements = 1;
        for (long size : shape) {
            long high = Math.multiplyHigh(elements, size);
            elements *= size;
            if (size <= 0 || high != 0 || elements <= 0) {
                throw cursor.failure("gives " + what + " the shape " + Arrays.toString(shape)
                        + ", which no tensor can have; the file is damaged");
            }
        }
        if ((shape.length == 0 ? 1 : shape[0]) % type.blockElements() != 0) {
            throw cursor.failure("gives " + what + " rows of " + (shape.length == 0 ? 1 : shape[0]) + " elements, but "
                    + type + " needs a multiple of " + type.blockElements() + "; the file is damaged");
        }
        long blocks = elements / type.blockElements();
        if (blocks > Long.MAX_VALUE / type.blockBytes()) {
            throw cursor.failure("gives " + what + " the shape " + Arrays.toString(shape)
                    + ", more than any file can hold; the file is damaged");
        }
        return blocks * type.blockBytes();
    }

    private static void refuseOverlap(GgufCursor cursor, Collection<Entry> entries) {
        List<Entry> ordered = new ArrayList<>(entries);
        ordered.sort(Comparator.comparingLong(Entry::offset));
        for (int i = 1; i < ordered.size(); i++) {
            Entry before = ordered.get(i - 1);
            Entry entry = ordered.get(i);
            if (before.bytes() > entry.offset() - before.offset()) {
                throw cursor.failure("places tensors " + before.name() + " and " + entry.name()
                        + " over each other, so it is damaged; download or convert it again");
            }
        }
    }
}
