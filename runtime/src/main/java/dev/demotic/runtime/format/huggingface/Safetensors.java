package dev.demotic.runtime.format.huggingface;

import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/**
 * Weights in the safetensors format, memory-mapped: one file, or shards that an index names.
 *
 * <p>A file is an 8-byte little-endian header length, a JSON header {@code {name: {dtype, shape, data_offsets}}}, and the
 * tensors' bytes without gap or overlap. Files that break a rule of the format are rejected.
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">the format</a>
 */
public final class Safetensors {
    private static final long LARGEST_HEADER = 100_000_000;

    private static final ValueLayout.OfLong HEADER_LENGTH =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Bits of one element. */
    private static final Map<String, Integer> BITS = Map.ofEntries(
            Map.entry("BOOL", 8),
            Map.entry("F4", 4),
            Map.entry("F6_E2M3", 6),
            Map.entry("F6_E3M2", 6),
            Map.entry("U8", 8),
            Map.entry("I8", 8),
            Map.entry("F8_E5M2", 8),
            Map.entry("F8_E4M3", 8),
            Map.entry("F8_E8M0", 8),
            Map.entry("F8_E4M3FNUZ", 8),
            Map.entry("F8_E5M2FNUZ", 8),
            Map.entry("I16", 16),
            Map.entry("U16", 16),
            Map.entry("F16", 16),
            Map.entry("BF16", 16),
            Map.entry("I32", 32),
            Map.entry("U32", 32),
            Map.entry("F32", 32),
            Map.entry("C64", 64),
            Map.entry("F64", 64),
            Map.entry("I64", 64),
            Map.entry("U64", 64));

    /**
     * A tensor as it is stored.
     *
     * @param name the name in the file
     * @param dtype the element type as the format writes it, such as {@code BF16}
     * @param shape the dimensions with the contiguous one last, as PyTorch has them
     * @param file the file that holds it
     * @param buffer all tensor bytes of that file
     * @param begin where the tensor starts in {@code buffer}
     * @param end where it ends
     */
    public record Stored(
            String name, String dtype, long[] shape, Path file, MemorySegment buffer, long begin, long end) {
        public MemorySegment data() {
            return buffer.asSlice(begin, end - begin);
        }

        /** True if {@code next} lies right behind this tensor, so that one view can span both. */
        boolean adjoins(Stored next) {
            return buffer.equals(next.buffer) && end == next.begin;
        }
    }

    private final Map<String, Stored> tensors;

    private Safetensors(Map<String, Stored> tensors) {
        this.tensors = Collections.unmodifiableMap(tensors);
    }

    /** All tensors by name. */
    public Map<String, Stored> tensors() {
        return tensors;
    }

    /**
     * Maps the weights of a model folder: {@code model.safetensors}, or the shards of {@code model.safetensors.index.json}.
     *
     * @param arena owns the mapping
     * @throws DemoticException if there are none, or a file is damaged or missing
     */
    public static Safetensors inFolder(Path folder, Arena arena) {
        Path single = folder.resolve("model.safetensors");
        if (Files.exists(single)) {
            return file(single, arena);
        }
        Path index = folder.resolve("model.safetensors.index.json");
        if (Files.exists(index)) {
            return sharded(index, arena);
        }
        throw new DemoticException(folder + " holds neither model.safetensors nor model.safetensors.index.json"
                + (Files.exists(folder.resolve("pytorch_model.bin"))
                                || Files.exists(folder.resolve("pytorch_model.bin.index.json"))
                        ? "; Demotic does not load pickled PyTorch weights, so save the model as safetensors first"
                        : "; download the weights into it"));
    }

    /** Maps one file. */
    public static Safetensors file(Path file, Arena arena) {
        MemorySegment mapped = map(file, arena);
        if (mapped.byteSize() < HEADER_LENGTH.byteSize()) {
            throw damaged(file, "is " + mapped.byteSize() + " bytes long, too short for a safetensors file");
        }
        long headerLength = mapped.get(HEADER_LENGTH, 0);
        long rest = mapped.byteSize() - HEADER_LENGTH.byteSize();
        if (headerLength < 0 || headerLength > LARGEST_HEADER) {
            throw damaged(
                    file,
                    "claims a header of " + Long.toUnsignedString(headerLength)
                            + " bytes, more than a safetensors file may have");
        }
        if (headerLength > rest) {
            throw damaged(file, "ends inside its header of " + headerLength + " bytes");
        }
        Config header = header(file, mapped.asSlice(HEADER_LENGTH.byteSize(), headerLength));
        MemorySegment buffer = mapped.asSlice(HEADER_LENGTH.byteSize() + headerLength);
        List<Stored> stored = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : header.root().properties()) {
            if (!entry.getKey().equals("__metadata__")) {
                stored.add(tensor(file, entry.getKey(), entry.getValue(), buffer));
            }
        }
        checkLayout(file, stored, buffer.byteSize());
        Map<String, Stored> tensors = new LinkedHashMap<>();
        stored.forEach(tensor -> tensors.put(tensor.name(), tensor));
        return new Safetensors(tensors);
    }

    private static MemorySegment map(Path file, Arena arena) {
        if (!Files.isRegularFile(file)) {
            throw new DemoticException(file + " is no file; download it again");
        }
        try (FileChannel channel = FileChannel.open(file)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (IOException e) {
            throw new DemoticException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private static Config header(Path file, MemorySegment header) {
        try {
            String json = Config.decode(header.toArray(ValueLayout.JAVA_BYTE));
            if (!json.startsWith("{")) {
                throw damaged(file, "has a header that does not start with {");
            }
            return Config.parse(file, json);
        } catch (CharacterCodingException e) {
            throw damaged(file, "has a header that is no UTF-8 text");
        }
    }

    private static Stored tensor(Path file, String name, JsonNode entry, MemorySegment buffer) {
        JsonNode dtype = entry.path("dtype");
        if (!dtype.isString()) {
            throw damaged(file, "gives tensor " + name + " no dtype");
        }
        long[] shape = wholeNumbers(file, name, entry, "shape");
        long[] offsets = wholeNumbers(file, name, entry, "data_offsets");
        if (offsets.length != 2) {
            throw damaged(file, "gives tensor " + name + " " + offsets.length + " data_offsets in place of two");
        }
        if (offsets[0] > offsets[1] || offsets[1] > buffer.byteSize()) {
            throw damaged(
                    file,
                    "places tensor " + name + " at bytes " + offsets[0] + " to " + offsets[1] + ", but holds only "
                            + buffer.byteSize() + " bytes of tensors");
        }
        Integer bits = BITS.get(dtype.stringValue());
        if (bits != null && !fits(shape, bits, offsets[1] - offsets[0])) {
            throw damaged(
                    file,
                    "gives tensor " + name + " of type " + dtype.stringValue() + " and shape " + Arrays.toString(shape)
                            + " " + (offsets[1] - offsets[0]) + " bytes");
        }
        return new Stored(name, dtype.stringValue(), shape, file, buffer, offsets[0], offsets[1]);
    }

    private static long[] wholeNumbers(Path file, String name, JsonNode entry, String key) {
        JsonNode list = entry.path(key);
        long[] values = new long[list.size()];
        boolean isValid = list.isArray();
        for (int i = 0; isValid && i < values.length; i++) {
            JsonNode value = list.get(i);
            isValid = value.isIntegralNumber() && value.canConvertToLong() && value.longValue() >= 0;
            values[i] = isValid ? value.longValue() : 0;
        }
        if (!isValid) {
            throw damaged(file, "gives tensor " + name + " a " + key + " that is no list of whole numbers");
        }
        return values;
    }

    private static boolean fits(long[] shape, int bits, long bytes) {
        try {
            long elements = 1;
            for (long dimension : shape) {
                elements = Math.multiplyExact(elements, dimension);
            }
            return Math.multiplyExact(elements, (long) bits) == Math.multiplyExact(bytes, 8L);
        } catch (ArithmeticException e) {
            return false;
        }
    }

    /** Every byte belongs to exactly one tensor. */
    private static void checkLayout(Path file, List<Stored> tensors, long size) {
        tensors.sort(Comparator.comparingLong(Stored::begin).thenComparingLong(Stored::end));
        long end = 0;
        for (Stored tensor : tensors) {
            if (tensor.begin() != end) {
                throw damaged(
                        file,
                        "places tensor " + tensor.name() + " at byte " + tensor.begin() + ", where " + end
                                + " should follow without gap or overlap");
            }
            end = tensor.end();
        }
        if (end != size) {
            throw damaged(file, "holds " + size + " bytes of tensors, but its header describes " + end);
        }
    }

    private static Safetensors sharded(Path index, Arena arena) {
        Config weightMap = Config.read(index).object("weight_map");
        if (weightMap.isEmpty()) {
            throw damaged(index, "lists no tensors under weight_map");
        }
        Map<String, String> shardOf = new LinkedHashMap<>();
        for (String name : weightMap.root().propertyNames()) {
            shardOf.put(name, weightMap.string(name).orElseThrow(() -> weightMap.misfit(name, "a file name")));
        }
        Set<String> shardNames = new TreeSet<>(shardOf.values());
        Map<String, Safetensors> shards = new LinkedHashMap<>();
        for (String shard : shardNames) {
            if (shard.contains("/") || shard.contains("\\") || shard.indexOf('\0') >= 0 || shard.equals("..")) {
                throw damaged(index, "names the shard " + shard + ", which is no plain file name");
            }
            Path file = index.resolveSibling(shard);
            if (!Files.exists(file)) {
                throw new DemoticException(file + " is missing, one of the " + shardNames.size() + " shards that "
                        + index.getFileName() + " lists; download it");
            }
            shards.put(shard, file(file, arena));
        }
        Map<String, Stored> tensors = new LinkedHashMap<>();
        shardOf.forEach((name, shard) -> {
            Stored tensor = shards.getOrDefault(shard, EMPTY).tensors().get(name);
            if (tensor == null) {
                throw damaged(index, "looks for tensor " + name + " in " + shard + ", which does not hold it");
            }
            tensors.put(name, tensor);
        });
        return new Safetensors(tensors);
    }

    private static final Safetensors EMPTY = new Safetensors(Map.of());

    private static DemoticException damaged(Path file, String what) {
        return new DemoticException(file + " " + what + "; download it again");
    }
}
