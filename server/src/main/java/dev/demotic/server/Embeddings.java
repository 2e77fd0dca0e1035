package dev.demotic.server;

import dev.demotic.decoding.Pooling;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** {@code /v1/embeddings}: hidden states after the last layer, pooled and scaled to length 1. */
final class Embeddings implements Endpoint {
    private static final int MOST_INPUTS = 2048;

    private final Models models;

    Embeddings(Models models) {
        this.models = models;
    }

    @Override
    public void handle(Exchange exchange) {
        Fields fields = exchange.fields();
        ServedModel served = models.of(fields);
        LanguageModel model = served.model();
        Pooling pooling = pooling(fields);
        boolean isBase64 = isBase64(fields);
        int width = model.config().width();
        if (fields.whole("dimensions", 1, Integer.MAX_VALUE).orElse(width) != width) {
            throw ApiException.unsupported(
                    "dimensions",
                    "embeddings of %s have %d dimensions, and cannot be cut without losing their meaning"
                            .formatted(served.name(), width));
        }
        List<int[]> inputs = inputs(fields, served);
        int longest = inputs.stream().mapToInt(input -> input.length).max().orElse(0);
        List<JsonObject> data = new ArrayList<>();
        try (Admission.Permit _ = models.admission(served).enter("input", longest, longest, 1)) {
            for (int[] input : inputs) {
                float[] vector = embed(model, pooling, input);
                data.add(Json.object()
                        .with("object", "embedding")
                        .with("index", data.size())
                        .with("embedding", isBase64 ? base64(vector) : vector));
            }
        }
        int tokens = inputs.stream().mapToInt(input -> input.length).sum();
        exchange.notes().with("model", served.name()).with("prompt_tokens", tokens);
        exchange.json(Json.object()
                .with("object", "list")
                .with("data", data)
                .with("model", served.name())
                .with("usage", Json.object().with("prompt_tokens", tokens).with("total_tokens", tokens)));
    }

    private static float[] embed(LanguageModel model, Pooling pooling, int[] input) {
        try {
            return pooling.embed(model, input);
        } catch (DemoticException failure) {
            throw ApiException.unavailable(String.valueOf(failure.getMessage()), failure);
        }
    }

    private static Pooling pooling(Fields fields) {
        String name = fields.string("pooling").orElse("mean");
        return switch (name) {
            case "mean" -> Pooling.MEAN;
            case "last" -> Pooling.LAST;
            default ->
                throw ApiException.unsupported(
                        "pooling",
                        "pooling can be mean or last, not " + name + ": a decoder has no token that stands for all");
        };
    }

    private static boolean isBase64(Fields fields) {
        String format = fields.string("encoding_format").orElse("float");
        return switch (format) {
            case "float" -> false;
            case "base64" -> true;
            default ->
                throw ApiException.invalid("encoding_format", "encoding_format can be float or base64, not " + format);
        };
    }

    private static List<int[]> inputs(Fields fields, ServedModel served) {
        LanguageModel model = served.model();
        List<int[]> inputs = TokenIds.texts(fields, "input", served, MOST_INPUTS);
        for (int[] tokens : inputs) {
            if (tokens.length > model.context()) {
                throw ApiException.contextExceeded(
                        "input",
                        "an input has %,d tokens, and the model's context is %,d; shorten it"
                                .formatted(tokens.length, model.context()));
            }
        }
        return inputs;
    }

    private static String base64(float[] vector) {
        ByteBuffer bytes = ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(vector);
        return Base64.getEncoder().encodeToString(bytes.array());
    }
}
