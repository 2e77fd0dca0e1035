package dev.demotic.server;

import tools.jackson.databind.JsonNode;

/** Refuses texts that no context could hold, however they are cut into tokens, before the seconds that cutting them takes. */
final class TextLimit {
    private TextLimit() {}

    /**
     * Looks at all strings in a part of a request together.
     *
     * @throws ApiException if they cannot fit in the model's context
     */
    static void check(JsonNode part, ServedModel served, String param) {
        long characters = characters(part);
        int context = served.model().context();
        if (characters > context && characters > served.mostCharacters()) {
            throw ApiException.contextExceeded(
                    param,
                    "the text in %s has %,d characters, which are more than the model's context of %,d tokens can hold; shorten it"
                            .formatted(param, characters, context));
        }
    }

    private static long characters(JsonNode part) {
        return part.isString()
                ? part.stringValue().length()
                : part.values().stream().mapToLong(TextLimit::characters).sum();
    }
}
