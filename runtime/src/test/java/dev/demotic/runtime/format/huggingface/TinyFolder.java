package dev.demotic.runtime.format.huggingface;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;

/** Writes small model folders: random weights under given names, a config.json, a byte-level tokenizer of a few tokens. */
final class TinyFolder {
    /** A tensor to write: values in row-major order. */
    record Weight(String dtype, long[] shape, float[] values) {
        byte[] bytes() {
            boolean isShort = !dtype.equals("F32");
            ByteBuffer bytes =
                    ByteBuffer.allocate(values.length * (isShort ? 2 : 4)).order(ByteOrder.LITTLE_ENDIAN);
            for (float value : values) {
                switch (dtype) {
                    case "F32" -> bytes.putFloat(value);
                    case "F16" -> bytes.putShort(Float.floatToFloat16(value));
                    default -> bytes.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
                }
            }
            return bytes.array();
        }
    }

    final Path path;
    final Map<String, Weight> weights = new LinkedHashMap<>();
    private final Random random = new Random(7);
    private final String dtype;

    TinyFolder(Path path, String dtype) {
        this.path = path;
        this.dtype = dtype;
    }

    /** Adds a tensor of random values that every element type holds exactly. */
    TinyFolder tensor(String name, long... shape) {
        float[] values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (random.nextInt(255) - 127) / 64f;
        }
        weights.put(name, new Weight(dtype, shape, values));
        return this;
    }

    TinyFolder file(String name, String content) {
        try {
            Files.writeString(path.resolve(name), content);
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes a byte-level BPE tokenizer with the tokens a, b, ab and the special token END. */
    TinyFolder tokenizer() {
        file("tokenizer.json", """
                {"version": "1.0",
                 "added_tokens": [{"id": 3, "content": "END", "special": true}],
                 "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
                 "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}}""");
        return file("tokenizer_config.json", "{\"bos_token\": null, \"eos_token\": \"END\"}");
    }

    /** Writes all tensors to one file. */
    TinyFolder save() {
        return write("model.safetensors", weights);
    }

    /** Writes the tensors to as many files, in turn, and their index. */
    TinyFolder saveSharded(int shards) {
        StringBuilder index = new StringBuilder("{\"metadata\": {\"total_size\": 1}, \"weight_map\": {");
        for (int shard = 0; shard < shards; shard++) {
            Map<String, Weight> part = new LinkedHashMap<>();
            List<String> names = List.copyOf(weights.keySet());
            for (int i = shard; i < names.size(); i += shards) {
                part.put(names.get(i), weights.get(names.get(i)));
                index.append(index.charAt(index.length() - 1) == '{' ? "" : ", ")
                        .append('"')
                        .append(names.get(i))
                        .append("\": \"")
                        .append(shardName(shard))
                        .append('"');
            }
            write(shardName(shard), part);
        }
        return file("model.safetensors.index.json", index + "}}");
    }

    static String shardName(int shard) {
        return "model-0000" + shard + ".safetensors";
    }

    private TinyFolder write(String name, Map<String, Weight> part) {
        try {
            Files.write(path.resolve(name), safetensors(part));
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] safetensors(Map<String, Weight> weights) {
        int end = 0;
        LinkedHashMap<String, String> header = new LinkedHashMap<>();
        header.put("__metadata__", "{\"format\": \"pt\"}");
        for (Map.Entry<String, Weight> entry : weights.entrySet()) {
            Weight weight = entry.getValue();
            int begin = end;
            end += weight.bytes().length;
            header.put(
                    entry.getKey(),
                    "{\"dtype\": \"%s\", \"shape\": %s, \"data_offsets\": [%d, %d]}"
                            .formatted(weight.dtype(), Arrays.toString(weight.shape()), begin, end));
        }
        String json = header.entrySet().stream()
                .map(entry -> "\"" + entry.getKey() + "\": " + entry.getValue())
                .collect(Collectors.joining(", ", "{", "}"));
        ByteBuffer data = ByteBuffer.allocate(end);
        weights.values().forEach(weight -> data.put(weight.bytes()));
        return withHeader(json, data.array());
    }

    static byte[] withHeader(String json, byte[] data) {
        byte[] header = json.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + header.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header)
                .put(data)
                .array();
    }
}
