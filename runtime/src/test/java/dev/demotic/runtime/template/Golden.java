package dev.demotic.runtime.template;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** The files that tools/golden/templates.py wrote, and rendering as it renders. */
final class Golden {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2025-03-07T14:05:09Z"), ZoneOffset.UTC);

    private Golden() {}

    static String text(String name) {
        try (InputStream in = Objects.requireNonNull(Golden.class.getResourceAsStream("/templates/" + name))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    static Map<String, Object> context() {
        return JSON.readValue(text("context.json"), new TypeReference<Map<String, Object>>() {});
    }

    record Snippet(String template, @Nullable String expected) {}

    static List<Snippet> snippets() {
        return JSON.readValue(text("snippets.json"), new TypeReference<List<Snippet>>() {});
    }

    static Map<String, Map<String, Object>> conversations() {
        return JSON.readValue(text("conversations.json"), new TypeReference<Map<String, Map<String, Object>>>() {});
    }

    /** By template and conversation: the text or its hash; null where rendering has to fail. */
    static Map<String, Map<String, String>> expected(String name) {
        return JSON.readValue(text(name), new TypeReference<Map<String, Map<String, String>>>() {});
    }

    /** Renders at the time that the golden outputs were made for; null where the template fails. */
    static @Nullable String render(String template, Map<String, Object> variables) {
        try {
            return ChatTemplate.parse(template).withClock(CLOCK).render(variables);
        } catch (TemplateException e) {
            return null;
        }
    }
}
