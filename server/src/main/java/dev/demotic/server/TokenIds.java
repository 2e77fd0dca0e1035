package dev.demotic.server;

import dev.demotic.decoding.Generation;
import dev.demotic.runtime.LanguageModel;
import java.util.ArrayList;
import java.util.List;
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

    /**
     * What a field holds that is a text, an array of texts, an array of tokens, or an array of such.
     *
     * @param most entries that it may have; there must be one
     */
    static List<int[]> texts(Fields fields, String name, ServedModel served, int most) {
        LanguageModel model = served.model();
        JsonNode value = fields.find(name).orElseThrow(() -> fields.missing(name));
        List<int[]> texts = new ArrayList<>();
        JsonNode first = value.isArray() && !value.isEmpty() ? value.get(0) : value;
        if (first.isNumber()) {
            texts.add(all(value, model, fields.path(name)));
        } else if (value.isArray() && first.isArray()) {
            value.forEach(tokens -> texts.add(all(tokens, model, fields.path(name))));
        } else {
            Generation generation = Generation.with(model);
            if (value.isString()) {
                TextLimit.check(value, served, fields.path(name));
            } else {
                value.forEach(text -> TextLimit.check(text, served, fields.path(name)));
            }
            fields.strings(name).forEach(text -> texts.add(generation.encode(text)));
        }
        if (texts.isEmpty() || texts.size() > most || texts.stream().anyMatch(each -> each.length == 0)) {
            throw ApiException.invalid(
                    fields.path(name),
                    "%s must hold between 1 and %d texts, none of them empty".formatted(fields.path(name), most));
        }
        return texts;
    }

    /** An array of token ids. */
    static int[] all(Iterable<JsonNode> ids, LanguageModel model, String path) {
        IntStream.Builder tokens = IntStream.builder();
        ids.forEach(id -> tokens.add(checked(id, model, path)));
        return tokens.build().toArray();
    }
}
