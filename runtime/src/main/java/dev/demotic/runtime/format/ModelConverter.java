package dev.demotic.runtime.format;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.tensor.Tensor;
import dev.demotic.runtime.tensor.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Writes a model, whatever it is stored as, to a GGUF file whose tensors have the types of a recipe. */
public final class ModelConverter {
    /** Hears how far the work is. */
    @FunctionalInterface
    public interface Progress {
        /** For whoever does not want to know. */
        Progress SILENT = (tensor, done, total) -> {};

        /**
         * Called whenever some bytes more are written.
         *
         * @param tensor the tensor in work
         * @param done bytes of tensor data written so far
         * @param total bytes of tensor data of the whole file
         */
        void report(String tensor, long done, long total);
    }

    /** A tensor that did not get the type that its recipe wants, because its rows are no whole blocks of that type. */
    public record Fallback(String tensor, TensorType wanted, TensorType used) {}

    /**
     * What was written.
     *
     * @param bytes bytes of tensor data
     * @param fallbacks tensors that got another type than the recipe says; worth telling the user
     */
    public record Result(long bytes, List<Fallback> fallbacks) {}

    private static final long QUANTIZATION_VERSION = 2;
    private static final String TOKENIZER_JSON = "tokenizer.huggingface.json";

    /** Elements that one thread converts at a time, and how many such slices are written together. */
    private static final int SLICE = 1 << 16;

    private static final int SLICES = 64;

    private final ModelSource source;
    private final Rounding rounding;
    private final GgufWriter writer;
    private final MemorySegment buffer;
    private final Progress progress;
    private final long total;
    private long done;

    private ModelConverter(
            ModelSource source,
            Rounding rounding,
            List<GgufWriter.Slot> slots,
            GgufWriter writer,
            MemorySegment buffer,
            Progress progress) {
        this.source = source;
        this.rounding = rounding;
        this.writer = writer;
        this.buffer = buffer;
        this.progress = progress;
        this.total = slots.stream().mapToLong(GgufWriter.Slot::bytes).sum();
    }

    /** {@link #convert(ModelSource, Path, QuantizationRecipe, Rounding, Progress)} with each weight rounded for itself, as ggml does. */
    public static Result convert(ModelSource source, Path out, QuantizationRecipe recipe, Progress progress) {
        return convert(source, out, recipe, Rounding.NEAREST, progress);
    }

    /**
     * Converts a model. Metadata and the order of tensors stay as they are, except for the keys that name the recipe.
     *
     * @param out the GGUF file to write; it appears when it is complete
     * @param rounding how the tensors that it knows become Q8_0, where the recipe wants that of them
     * @throws DemoticException if a weight is no finite number or too large for its type, or {@code out} cannot be written
     */
    public static Result convert(
            ModelSource source, Path out, QuantizationRecipe recipe, Rounding rounding, Progress progress) {
        List<GgufWriter.Slot> slots = new ArrayList<>();
        List<Fallback> fallbacks = new ArrayList<>();
        for (Tensor tensor : source.tensors().values()) {
            TensorType wanted = recipe.wanted(tensor, source);
            TensorType type = QuantizationRecipe.fitting(wanted, tensor.columns());
            slots.add(new GgufWriter.Slot(tensor.name(), type, tensor.shape()));
            if (type != wanted) {
                fallbacks.add(new Fallback(tensor.name(), wanted, type));
            }
        }
        try (GgufWriter writer = new GgufWriter(out, metadata(source, recipe), slots);
                Arena arena = Arena.ofShared()) {
            MemorySegment buffer = arena.allocate((long) SLICES * SLICE * Float.BYTES);
            ModelConverter converter = new ModelConverter(source, rounding, slots, writer, buffer, progress);
            Iterator<Tensor> tensors = source.tensors().values().iterator();
            for (GgufWriter.Slot slot : slots) {
                converter.convert(tensors.next(), slot.type());
            }
            writer.finish();
            return new Result(converter.total, List.copyOf(fallbacks));
        }
    }

    private static Metadata metadata(ModelSource source, QuantizationRecipe recipe) {
        Metadata metadata = new Metadata();
        source.metadata().values().forEach((key, value) -> {
            if (!key.equals(TOKENIZER_JSON) || !isNamedTokenizer(source.metadata())) {
                metadata.put(key, value);
            }
        });
        return metadata.put("general.file_type", recipe.fileType())
                .put("general.quantization_version", QUANTIZATION_VERSION);
    }

    /** Whether the other keys say how text is cut; the megabytes of tokenizer.json would then only be parsed at each start. */
    private static boolean isNamedTokenizer(Metadata metadata) {
        return metadata.findString("tokenizer.ggml.model").equals(Optional.of("gpt2"))
                && metadata.has("tokenizer.ggml.pre");
    }

    private void convert(Tensor tensor, TensorType type) {
        boolean byRow = type == TensorType.Q8_0 && tensor.type() != type && rounding.knows(tensor);
        MemorySegment data = tensor.data();
        long elements = tensor.elements();
        int slice = byRow ? wholeRows(tensor) : SLICE;
        long batch = (long) SLICES * SLICE / slice * slice;
        for (long start = 0; start < elements; start += batch) {
            long first = start;
            int count = (int) Math.min(elements - first, batch);
            IntStream.range(0, Math.ceilDiv(count, slice)).parallel().forEach(index -> {
                int within = index * slice;
                float[] values = values(tensor, data, first + within, Math.min(count - within, slice), type);
                MemorySegment target = buffer.asSlice(type.bytes(within));
                if (byRow) {
                    byte[] blocks = rounding.round(tensor, values, values.length / (int) tensor.columns());
                    MemorySegment.copy(blocks, 0, target, ValueLayout.JAVA_BYTE, 0, blocks.length);
                } else if (type == tensor.type()) {
                    long offset = type.bytes(first + within);
                    MemorySegment.copy(data, offset, target, 0, type.bytes(values.length));
                } else {
                    type.quantize(values, 0, target, 0, values.length);
                }
            });
            long bytes = type.bytes(count);
            writer.write(buffer.asSlice(0, bytes));
            done += bytes;
            progress.report(tensor.name(), done, total);
        }
    }

    /** Elements of as many rows as make up a slice, at least one row and at most what the buffer holds. */
    private static int wholeRows(Tensor tensor) {
        int columns = Math.toIntExact(tensor.columns());
        return Math.max(1, SLICE / columns) * columns;
    }

    /** Elements of a tensor, all of which this type can hold. */
    private float[] values(Tensor tensor, MemorySegment data, long first, int count, TensorType type) {
        float[] values = new float[count];
        tensor.type().dequantize(data, tensor.type().bytes(first), values, 0, count);
        for (int i = 0; i < count; i++) {
            if (!(Math.abs(values[i]) <= type.largest())) {
                throw unstorable(tensor, first + i, values[i], type);
            }
        }
        return values;
    }

    private DemoticException unstorable(Tensor tensor, long element, float value, TensorType type) {
        return new DemoticException("tensor " + tensor.name() + " of " + source.path() + " holds " + value + " in row "
                + element / tensor.columns() + ", column " + element % tensor.columns()
                + (Float.isFinite(value)
                        ? ", too large for " + type + "; convert to BF16 or F32"
                        : ", so its weights are damaged; take another copy of the model"));
    }
}
