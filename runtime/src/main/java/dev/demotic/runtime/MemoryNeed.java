package dev.demotic.runtime;

import dev.demotic.runtime.cache.KvShape;
import dev.demotic.runtime.cache.KvType;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.model.Decoder;
import dev.demotic.runtime.model.ModelConfig;
import dev.demotic.runtime.tensor.Tensor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The memory that a model takes, in bytes.
 *
 * @param weights mapped from the file, or in the order in which they are multiplied; those twice that had to be put together before
 * @param kvCache keys and values of one sequence of full length
 * @param workArea activations of the largest step, and its logits
 */
public record MemoryNeed(long weights, long kvCache, long workArea) {
    /** Slots beyond the context that draft trees may take near its end. */
    static final int DRAFT_ROOM = 256;

    static MemoryNeed of(ModelSource source, int context, KvType kvType) {
        ModelConfig config = Decoder.configOf(source);
        long weights = source.bytesInMemory()
                + source.tensors().values().stream().mapToLong(Tensor::byteSize).sum();
        return new MemoryNeed(
                weights,
                KvShape.blocks(context + DRAFT_ROOM)
                        * Decoder.kvShape(config, kvType).blockBytes(),
                Decoder.workBytes(source, LanguageModel.STEP_ROWS, LanguageModel.LOGIT_ROWS));
    }

    public long total() {
        return weights + kvCache + workArea;
    }

    /** @throws DemoticException if it is more than {@code available} bytes */
    void check(Path model, int context, long available) {
        if (total() > available) {
            throw new DemoticException(
                    "%s needs %,d MB (weights %,d, KV cache for %,d tokens %,d, work area %,d) and there are %,d MB; ask for a shorter context or take a smaller quantization"
                            .formatted(
                                    model,
                                    total() >> 20,
                                    weights >> 20,
                                    context,
                                    kvCache >> 20,
                                    workArea >> 20,
                                    available >> 20));
        }
    }

    /**
     * Memory that the operating system can give without swapping: Linux's MemAvailable, elsewhere all that is installed; no more
     * than a container may have.
     */
    static long available() {
        long most =
                ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system
                        ? system.getTotalMemorySize()
                        : Long.MAX_VALUE;
        try {
            for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
                if (line.startsWith("MemAvailable:")) {
                    return Math.min(most, Long.parseLong(line.replaceAll("\\D", "")) << 10);
                }
            }
        } catch (IOException | NumberFormatException elsewhere) {
            // no Linux
        }
        return most;
    }
}
