package dev.demotic.server;

import dev.demotic.runtime.LanguageModel;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/** Token ids in requests. */
final class TokenIds {
    private TokenIds() {}

    /** @throws ApiException if it is no token of the model */
    static int checked(JsonNode id, LanguageModel model, String path) {
        if (!id.isIntegralNumber()
                || !id.canConvertToInt()
                || id.intValue() < 0
                || id.intValue() >= model.config().vocabulary()) {
            throw ApiException.invalid(
                    path,
                    "%s holds %s, but must hold token ids, which go from 0 to %d in this model"
                            .formatted(path, id, model.config().vocabulary() - 1));
        }
        return id.intValue();
    }

    /** An array of token ids. */
    static int[] checked(Iterable<JsonNode> ids, LanguageModel model, String path) {
        IntStream.Builder tokens = IntStream.builder();
        ids.forEach(id -> tokens.add(checked(id, model, path)));
        return tokens.build().toArray();
    }
}
