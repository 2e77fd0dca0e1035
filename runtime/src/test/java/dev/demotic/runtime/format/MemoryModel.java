package dev.demotic.runtime.format;

import dev.demotic.runtime.tensor.Tensor;
import dev.demotic.runtime.tensor.TensorType;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** A model made up in memory. */
final class MemoryModel implements ModelSource {
    private final Metadata metadata = new Metadata();
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

    /** A model of some layers with the weights that recipes tell apart, all of width and height {@code size}. */
    static MemoryModel transformer(int layers, int size, boolean tied) {
        MemoryModel model = new MemoryModel();
        model.metadata.put("general.architecture", "llama").put("llama.block_count", layers);
        model.gaussian("token_embd.weight", size, size);
        for (int layer = 0; layer < layers; layer++) {
            model.gaussian("blk." + layer + ".attn_norm.weight", size);
            for (String name : new String[] {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"}) {
                model.gaussian("blk." + layer + "." + name + ".weight", size, size);
            }
        }
        if (!tied) {
            model.gaussian("output.weight", size, size);
        }
        return model;
    }

    MemoryModel gaussian(String name, long... shape) {
        int count = 1;
        for (long size : shape) {
            count *= (int) size;
        }
        Random random = new Random(name.hashCode());
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return add(name, TensorType.F32, values, shape);
    }

    MemoryModel add(String name, TensorType type, float[] values, long... shape) {
        MemorySegment data = MemorySegment.ofArray(new byte[(int) type.bytes(values.length)]);
        type.quantize(values, 0, data, 0, values.length);
        tensors.put(name, new Tensor(name, type, shape, data));
        return this;
    }

    @Override
    public Path path() {
        return Path.of("memory");
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
    public void close() {}
}
