package dev.demotic.runtime.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Renders what Python's jinja2, set up as transformers does, rendered; the texts must be equal, and so must failures. */
class ChatTemplateGoldenTest {
    @TestFactory
    Stream<DynamicTest> everyFeatureRendersAsInPython() {
        Map<String, Object> context = Golden.context();
        return Golden.snippets().stream()
                .map(snippet -> DynamicTest.dynamicTest(
                        snippet.template(),
                        () -> assertThat(Golden.render(snippet.template(), context))
                                .isEqualTo(snippet.expected())));
    }

    @TestFactory
    Stream<DynamicTest> ownTemplatesRenderAsInPython() {
        return cases("own.json", name -> Golden.text("own/" + name), text -> text);
    }

    @TestFactory
    Stream<DynamicTest> foreignTemplatesRenderAsInPython() {
        String folder = System.getenv("DEMOTIC_EVAL_DATA");
        assumeTrue(folder != null, "DEMOTIC_EVAL_DATA names no folder");
        Path templates = Path.of(String.valueOf(folder), "templates");
        return cases("foreign.json", name -> read(templates.resolve(name)), ChatTemplateGoldenTest::sha256);
    }

    @Test
    void aHugeConversationRenders() {
        String content = "word ".repeat(200_000);
        Conversation conversation =
                Conversation.of(ChatMessage.user(content), ChatMessage.assistant(content), ChatMessage.user(content));
        String text = ChatTemplate.parse(Golden.text("own/chatml.jinja")).render(conversation);
        assertThat(text.length()).isGreaterThan(3 * content.length() - 3);
    }

    private interface Step {
        String apply(String text);
    }

    private static Stream<DynamicTest> cases(String file, Step template, Step digest) {
        Map<String, Map<String, Object>> conversations = Golden.conversations();
        return Golden.expected(file).entrySet().stream().flatMap(own -> {
            String source = template.apply(own.getKey());
            return conversations.entrySet().stream()
                    .map(conversation -> DynamicTest.dynamicTest(own.getKey() + ", " + conversation.getKey(), () -> {
                        String text = Golden.render(source, conversation.getValue());
                        assertThat(text == null ? null : digest.apply(text))
                                .isEqualTo(own.getValue().get(conversation.getKey()));
                    }));
        });
    }

    private static String read(Path path) {
        try {
            return Files.readString(path);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static String sha256(String text) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
