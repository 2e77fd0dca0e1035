package dev.demotic.cli;

import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.MemoryNeed;
import dev.demotic.runtime.format.Metadata;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.model.Decoder;
import dev.demotic.runtime.model.ModelConfig;
import dev.demotic.runtime.tensor.Tensor;
import dev.demotic.runtime.tensor.TensorType;
import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code demotic info}: what a model file holds, and what it needs. */
@Command(name = "info", description = "Tells what a model holds and what it needs in memory.")
final class InfoCommand implements Callable<Integer> {
    private static final int SHOWN_ELEMENTS = 8;
    private static final int SHOWN_CHARACTERS = 120;

    private final Console console;

    @Mixin
    private ModelOption model = new ModelOption();

    @Parameters(arity = "0..1", paramLabel = "MODEL", description = "The model; the same as --model.")
    private Optional<String> name = Optional.empty();

    @Option(
            names = {"-c", "--context"},
            paramLabel = "N",
            description = "The context to tell the memory for (default: what the model was trained for, at most 8192).")
    private Optional<Integer> context = Optional.empty();

    @Mixin
    private KvTypeOption kv = new KvTypeOption();

    @Option(names = "--metadata", description = "Print all metadata keys.")
    private boolean metadata;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    InfoCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        name.ifPresent(model::name);
        try (ModelSource source = model.open(console)) {
            if (json) {
                Json.print(console, describe(source));
            } else {
                print(source);
            }
        }
        return 0;
    }

    private int context(ModelSource source) {
        return context.orElseGet(() -> EngineOptions.defaultContext(source));
    }

    private void print(ModelSource source) {
        ModelConfig config = Decoder.configOf(source);
        MemoryNeed need = LanguageModel.memoryNeed(source, context(source), kv.type());
        line("model", source.path().toString());
        line("name", config.name());
        line("architecture", config.architecture());
        line("parameters", Sizes.count(parameters(source)));
        line("layers", "%d of width %d".formatted(config.layers(), config.width()));
        line(
                "attention",
                "%d heads, %d for keys and values, of %d"
                        .formatted(config.heads(), config.kvHeads(), config.headDimension()));
        line("vocabulary", Sizes.count(config.vocabulary()));
        line("trained context", Sizes.count(config.trainedContext()));
        line("tokenizer", tokenizer(source.metadata()).orElse("none"));
        line("chat template", hasTemplate(source) ? "yes" : "no");
        types(source)
                .forEach((type, share) -> line(
                        "tensors " + type, "%s, %s".formatted(Sizes.count(share.tensors), Sizes.bytes(share.bytes))));
        line(
                "memory",
                "%s for a context of %s tokens: weights %s, KV cache %s, work area %s"
                        .formatted(
                                Sizes.bytes(need.total()),
                                Sizes.count(context(source)),
                                Sizes.bytes(need.weights()),
                                Sizes.bytes(need.kvCache()),
                                Sizes.bytes(need.workArea())));
        if (metadata) {
            console.println("");
            source.metadata().values().forEach((key, value) -> console.println(key + " = " + shortened(value)));
        }
    }

    private void line(String name, String value) {
        console.println("%-16s %s".formatted(name, value));
    }

    private Map<String, @Nullable Object> describe(ModelSource source) {
        ModelConfig config = Decoder.configOf(source);
        MemoryNeed need = LanguageModel.memoryNeed(source, context(source), kv.type());
        List<Object> types = new ArrayList<>();
        types(source)
                .forEach((type, share) ->
                        types.add(Json.object("type", type.name(), "tensors", share.tensors, "bytes", share.bytes)));
        Map<String, @Nullable Object> object = Json.object(
                "model", source.path().toString(),
                "name", config.name(),
                "architecture", config.architecture(),
                "parameters", parameters(source),
                "layers", config.layers(),
                "width", config.width(),
                "heads", config.heads(),
                "kv_heads", config.kvHeads(),
                "head_dimension", config.headDimension(),
                "vocabulary", config.vocabulary(),
                "trained_context", config.trainedContext(),
                "tokenizer", tokenizer(source.metadata()).orElse(null),
                "chat_template", hasTemplate(source),
                "tensor_types", types,
                "memory",
                        Json.object(
                                "context", context(source),
                                "weights_bytes", need.weights(),
                                "kv_cache_bytes", need.kvCache(),
                                "work_area_bytes", need.workArea(),
                                "total_bytes", need.total()));
        if (metadata) {
            Map<String, @Nullable Object> keys = Json.object();
            source.metadata().values().forEach((key, value) -> keys.put(key, plain(value)));
            object.put("metadata", keys);
        }
        return object;
    }

    private static long parameters(ModelSource source) {
        return source.tensors().values().stream().mapToLong(Tensor::elements).sum();
    }

    private static Optional<String> tokenizer(Metadata metadata) {
        return metadata.findString("tokenizer.ggml.model")
                .map(kind -> metadata.findString("tokenizer.ggml.pre")
                        .map(pre -> kind + ", " + pre)
                        .orElse(kind));
    }

    private static boolean hasTemplate(ModelSource source) {
        return source.metadata().has("tokenizer.chat_template");
    }

    /** How much of a model is stored in one type. */
    private static final class Share {
        int tensors;
        long bytes;
    }

    private static Map<TensorType, Share> types(ModelSource source) {
        Map<TensorType, Share> shares = new EnumMap<>(TensorType.class);
        for (Tensor tensor : source.tensors().values()) {
            Share share = shares.computeIfAbsent(tensor.type(), _ -> new Share());
            share.tensors++;
            share.bytes += tensor.byteSize();
        }
        return shares;
    }

    /** A value as Jackson writes it: bytes as numbers, nested arrays unwrapped. */
    private static Object plain(Metadata.Value value) {
        return switch (value.value()) {
            case Metadata.Value[] nested -> {
                List<Object> list = new ArrayList<>();
                for (Metadata.Value element : nested) {
                    list.add(plain(element));
                }
                yield list;
            }
            case byte[] bytes -> {
                List<Integer> list = new ArrayList<>();
                for (byte b : bytes) {
                    list.add((int) b);
                }
                yield list;
            }
            default -> value.value();
        };
    }

    private static String shortened(Metadata.Value value) {
        Object plain = plain(value);
        if (plain instanceof List<?> list) {
            plain = list.toArray();
        }
        if (!plain.getClass().isArray()) {
            return shortened(String.valueOf(plain));
        }
        int length = Array.getLength(plain);
        StringBuilder text = new StringBuilder("[");
        for (int i = 0; i < Math.min(length, SHOWN_ELEMENTS); i++) {
            text.append(i == 0 ? "" : ", ").append(shortened(String.valueOf(Array.get(plain, i))));
        }
        return text.append(length > SHOWN_ELEMENTS ? ", ... " + Sizes.count(length) + " in all]" : "]")
                .toString();
    }

    private static String shortened(String text) {
        String escaped = text.replace("\\", "\\\\")
                .replace("\n", "\\n")
                .replace("\r", "\\r")
                .replace("\t", "\\t");
        return escaped.length() <= SHOWN_CHARACTERS
                ? escaped
                : escaped.substring(0, SHOWN_CHARACTERS) + "... " + Sizes.count(escaped.length())
                        + " characters in all";
    }
}
