package dev.demotic.runtime.format.huggingface;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.huggingface.Safetensors.Stored;
import dev.demotic.runtime.tensor.Tensor;
import dev.demotic.runtime.tensor.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The GGUF tensors of a checkpoint, gathered one by one, each checked against the shape that the configuration asks for.
 *
 * <p>Shapes here are PyTorch's, with the contiguous dimension last. Tensors that GGUF stores as they are become views of
 * the mapped file; the others are rearranged into memory of the arena when their bytes are first asked for.
 */
final class Weights {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path folder;
    private final Map<String, Stored> stored;
    private final Arena arena;
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final Set<String> used = new HashSet<>();

    Weights(Path folder, Safetensors checkpoint, Arena arena) {
        this.folder = folder;
        this.stored = checkpoint.tensors();
        this.arena = arena;
    }

    /** The tensors gathered so far by GGUF name. */
    Map<String, Tensor> tensors() {
        return tensors;
    }

    boolean has(String name) {
        return stored.containsKey(name);
    }

    /** A tensor that GGUF holds as the checkpoint does. */
    void view(String gguf, String name, long... shape) {
        Stored source = find(name, shape);
        add(new Tensor(gguf, type(source), reversed(shape), source.data()));
    }

    /**
     * Query or key rows in GGUF's order for llama models: the two halves of each head, which rotate together pair by pair,
     * become neighbours.
     */
    void interleaved(String gguf, String name, int heads, long... shape) {
        Stored source = find(name, shape);
        long headRows = shape[0] / heads;
        long rowBytes = source.data().byteSize() / shape[0];
        addMade(gguf, type(source), shape, target -> {
            MemorySegment from = source.data();
            for (long row = 0; row < shape[0]; row++) {
                long inHead = row % headRows;
                long half = inHead % 2;
                long fromRow = row - inHead + half * (headRows / 2) + inHead / 2;
                MemorySegment.copy(from, fromRow * rowBytes, target, row * rowBytes, rowBytes);
            }
        });
    }

    /** A norm that the checkpoint holds as its distance from one, as F32, which keeps its small digits. */
    void shiftedNorm(String gguf, String name, long width) {
        Stored source = find(name, width);
        TensorType type = type(source);
        addMade(gguf, TensorType.F32, new long[] {width}, target -> {
            MemorySegment from = source.data();
            for (long i = 0; i < width; i++) {
                target.setAtIndex(FLOAT, i, 1 + read(from, type, i));
            }
        });
    }

    /** The matrices of all experts as one tensor, the expert being its outermost dimension. */
    void stacked(String gguf, List<String> names, long... shape) {
        List<Stored> sources = names.stream().map(name -> find(name, shape)).toList();
        Stored first = sources.getFirst();
        TensorType type = type(first);
        long[] stackedShape = {names.size(), shape[0], shape[1]};
        boolean isContiguous = true;
        for (int i = 1; i < sources.size(); i++) {
            Stored source = sources.get(i);
            if (!source.dtype().equals(first.dtype())) {
                throw new DemoticException("tensor " + source.name() + " in " + source.file() + " is stored as "
                        + source.dtype() + ", but " + first.name() + " as " + first.dtype()
                        + "; experts must share one type");
            }
            isContiguous &= sources.get(i - 1).adjoins(source);
        }
        if (isContiguous) {
            long bytes = sources.getLast().end() - first.begin();
            add(new Tensor(gguf, type, reversed(stackedShape), first.buffer().asSlice(first.begin(), bytes)));
            return;
        }
        addMade(gguf, type, stackedShape, target -> {
            long at = 0;
            for (Stored source : sources) {
                MemorySegment.copy(source.data(), 0, target, at, source.data().byteSize());
                at += source.data().byteSize();
            }
        });
    }

    /**
     * One part of each expert's rows, where the checkpoint holds several matrices of an expert below one another.
     *
     * @param shape experts, rows of the part, columns
     */
    void part(String gguf, String name, int part, int parts, long... shape) {
        Stored source = find(name, shape[0], parts * shape[1], shape[2]);
        TensorType type = type(source);
        long partBytes = type.bytes(shape[1] * shape[2]);
        addMade(gguf, type, shape, target -> {
            for (long expert = 0; expert < shape[0]; expert++) {
                long from = (expert * parts + part) * partBytes;
                MemorySegment.copy(source.data(), from, target, expert * partBytes, partBytes);
            }
        });
    }

    /** A tensor that GGUF has and the checkpoint's configuration implies. */
    void computed(String gguf, float[] values) {
        addMade(
                gguf,
                TensorType.F32,
                new long[] {values.length},
                target -> MemorySegment.copy(values, 0, target, FLOAT, 0, values.length));
    }

    /**
     * Rejects tensors that no other call has asked for.
     *
     * @param prefix what the names of the tensors in question start with
     */
    void rejectUnused(String prefix, String family) {
        for (Stored tensor : stored.values()) {
            String name = tensor.name();
            if (name.startsWith(prefix) && !used.contains(name) && !name.endsWith(".rotary_emb.inv_freq")) {
                throw new DemoticException("tensor " + name + " in " + tensor.file() + " has no place in a " + family
                        + " model as config.json describes it; check model_type and the bias settings there");
            }
        }
    }

    private Stored find(String name, long... shape) {
        Stored tensor = stored.get(name);
        if (tensor == null) {
            throw new DemoticException(
                    folder + " holds no tensor " + name + ", which its config.json asks for; download it again");
        }
        if (!Arrays.equals(tensor.shape(), shape)) {
            throw new DemoticException("tensor " + name + " in " + tensor.file() + " has the shape "
                    + Arrays.toString(tensor.shape()) + ", but config.json asks for " + Arrays.toString(shape));
        }
        used.add(name);
        return tensor;
    }

    private static TensorType type(Stored tensor) {
        return switch (tensor.dtype()) {
            case "F32" -> TensorType.F32;
            case "F16" -> TensorType.F16;
            case "BF16" -> TensorType.BF16;
            default ->
                throw new DemoticException(
                        "tensor " + tensor.name() + " in " + tensor.file() + " is stored as " + tensor.dtype()
                                + ", but Demotic reads weights in F32, F16 and BF16; save the model in one of them");
        };
    }

    private static float read(MemorySegment data, TensorType type, long index) {
        return switch (type) {
            case F16 -> Float.float16ToFloat(data.getAtIndex(SHORT, index));
            case BF16 -> Float.intBitsToFloat(data.getAtIndex(SHORT, index) << 16);
            default -> data.getAtIndex(FLOAT, index);
        };
    }

    private void addMade(String gguf, TensorType type, long[] shape, Consumer<MemorySegment> fill) {
        long bytes = type.bytes(Arrays.stream(shape).reduce(1, Math::multiplyExact));
        add(new Tensor(gguf, type, reversed(shape), new Made(gguf, bytes, arena, fill)));
    }

    private void add(Tensor tensor) {
        tensors.put(tensor.name(), tensor);
    }

    private static long[] reversed(long[] shape) {
        long[] reversed = new long[shape.length];
        for (int i = 0; i < shape.length; i++) {
            reversed[i] = shape[shape.length - 1 - i];
        }
        return reversed;
    }
}
