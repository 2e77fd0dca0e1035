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

    private static int checked(JsonNode id, LanguageModel model, String path) {
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
        if (!value.isString() && !value.isArray()) {
            throw fields.wrong(name, "a string, or an array of strings or token ids", value);
        }
        List<int[]> texts = new ArrayList<>();
        JsonNode first = value.isEmpty() ? value : value.get(0);
        if (first.isNumber()) {
            texts.add(all(fields, name, value, model));
        } else if (value.isArray() && first.isArray()) {
            value.forEach(tokens -> texts.add(all(fields, name, tokens, model)));
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

    /**
     * An array of token ids.
     *
     * @param name of the field that holds it
     */
    static int[] all(Fields fields, String name, JsonNode ids, LanguageModel model) {
        if (!ids.isArray()) {
            throw fields.wrong(name, "an array of token ids", ids);
        }
        IntStream.Builder tokens = IntStream.builder();
        ids.forEach(id -> tokens.add(checked(id, model, fields.path(name))));
        return tokens.build().toArray();
    }
}
