package dev.demotic.server;

import dev.demotic.runtime.format.MalformedJson;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** JSON in and out. */
final class Json {
    private static final JsonMapper MAPPER = new JsonMapper();

    private Json() {}

    static JsonObject object() {
        return new JsonObject();
    }

    static String text(Object value) {
        return MAPPER.writeValueAsString(value);
    }

    static byte[] bytes(Object value) {
        return MAPPER.writeValueAsBytes(value);
    }

    /** @throws ApiException if it is no JSON */
    static JsonNode read(byte[] body) {
        try {
            JsonNode node = MAPPER.readTree(body);
            if (node.isMissingNode()) {
                throw ApiException.invalid(null, "the body is empty; send a JSON object");
            }
            return node;
        } catch (JacksonException malformed) {
            TokenStreamLocation at = malformed.getLocation();
            String where = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
            throw ApiException.invalid(null, "the body is no JSON" + where + ": " + MalformedJson.reason(malformed));
        }
    }

    /** The object that a text holds, as maps, lists and scalars; empty if it holds none. */
    static Map<String, Object> map(String text) {
        try {
            JsonNode node = MAPPER.readTree(text);
            return node.isObject() ? map(node) : Map.of();
        } catch (JacksonException malformed) {
            return Map.of();
        }
    }

    /** An object as maps, lists and scalars. */
    static Map<String, Object> map(JsonNode object) {
        return MAPPER.convertValue(object, new TypeReference<Map<String, Object>>() {});
    }
}
