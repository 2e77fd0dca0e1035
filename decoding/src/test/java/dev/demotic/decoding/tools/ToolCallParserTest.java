package dev.demotic.decoding.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every reply is fed whole, character by character, and cut in two at every place: the outcome must be the same. */
class ToolCallParserTest {
    private static final Set<String> NAMES = Set.of("weather", "add");
    private static final String PARIS = "{\"city\": \"Paris\"}";

    @Test
    void hermesAnnouncesEachCall() {
        assertParsed(
                ToolCallFormat.HERMES,
                "Let me look.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": " + PARIS + "}\n</tool_call>\n"
                        + "<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": [2, -3e4]}}</tool_call>",
                "Let me look.\n",
                "weather" + PARIS,
                "add{\"a\": 1, \"b\": [2, -3e4]}");
    }

    @Test
    void aCallWithoutItsEndIsACallOnceItsJsonIsComplete() {
        assertParsed(
                ToolCallFormat.HERMES,
                "<tool_call>\n{\"name\": \"weather\", \"arguments\": " + PARIS + "}\n</tool",
                "",
                "weather" + PARIS);
    }

    @Test
    void textGoesOnAfterCalls() {
        assertParsed(
                ToolCallFormat.HERMES,
                "<tool_call>{\"name\": \"add\"}</tool_call>\nThat is all.",
                "\nThat is all.",
                "add{}");
    }

    @Test
    void whatOnlyLooksLikeAnAnnouncementIsText() {
        assertParsed(ToolCallFormat.HERMES, "a <tool_ b <tool_call> c", "a <tool_ b <tool_call> c");
        assertParsed(ToolCallFormat.HERMES, "if (a < b) <tool", "if (a < b) <tool");
        assertParsed(ToolCallFormat.HERMES, "<tool_call>{\"name\": \"we", "<tool_call>{\"name\": \"we");
    }

    @Test
    void llamaWritesBareJson() {
        assertParsed(
                ToolCallFormat.LLAMA,
                "{\"name\": \"weather\", \"parameters\": " + PARIS + "}; {\"name\": \"add\", \"parameters\": {}}",
                "",
                "weather" + PARIS,
                "add{}");
        assertParsed(
                ToolCallFormat.LLAMA,
                "<|python_tag|>{\"type\": \"function\", \"name\": \"weather\", \"parameters\": " + PARIS + "}",
                "",
                "weather" + PARIS);
    }

    @Test
    void mistralWritesAnArrayOrNames() {
        assertParsed(
                ToolCallFormat.MISTRAL,
                "[TOOL_CALLS] [{\"name\": \"weather\", \"arguments\": " + PARIS
                        + "}, {\"name\": \"add\", \"arguments\": {}}]",
                "",
                "weather" + PARIS,
                "add{}");
        assertParsed(
                ToolCallFormat.MISTRAL,
                "[{\"name\": \"weather\", \"arguments\": " + PARIS + "}]",
                "",
                "weather" + PARIS);
        assertParsed(ToolCallFormat.MISTRAL, "[TOOL_CALLS]weather[ARGS]" + PARIS, "", "weather" + PARIS);
        assertParsed(ToolCallFormat.MISTRAL, "weather" + PARIS, "", "weather" + PARIS);
        assertParsed(ToolCallFormat.MISTRAL, "weather in Paris is fine", "weather in Paris is fine");
    }

    @Test
    void jsonThatCallsNoToolOnOfferIsText() {
        assertParsed(ToolCallFormat.GENERIC, "{\"name\": \"Ada\", \"age\": 36}", "{\"name\": \"Ada\", \"age\": 36}");
        assertParsed(ToolCallFormat.GENERIC, "[1, 2, 3]", "[1, 2, 3]");
        assertParsed(ToolCallFormat.GENERIC, "{\"name\": \"add\"", "{\"name\": \"add\"");
    }

    @Test
    void argumentsInAStringAreUnpacked() {
        assertParsed(
                ToolCallFormat.GENERIC,
                "{\"function\": {\"name\": \"add\", \"arguments\": \"{\\\"a\\\": \\\"\\u00e9\\\"}\"}}",
                "",
                "add{\"a\": \"é\"}");
    }

    @ParameterizedTest
    @EnumSource
    void plainTextComesThrough(ToolCallFormat format) {
        assertParsed(format, "  Hello, {world} [1] <b>!</b>\n", "  Hello, {world} [1] <b>!</b>\n");
        assertParsed(format, "", "");
    }

    private static void assertParsed(ToolCallFormat format, String reply, String text, String... calls) {
        for (int cut = 0; cut <= reply.length(); cut++) {
            assertThat(parse(format, List.of(reply.substring(0, cut), reply.substring(cut))))
                    .as("cut at %d", cut)
                    .isEqualTo(new Outcome(text, List.of(calls)));
        }
        assertThat(parse(format, reply.chars().mapToObj(Character::toString).toList()))
                .isEqualTo(new Outcome(text, List.of(calls)));
    }

    private record Outcome(String text, List<String> calls) {}

    private static Outcome parse(ToolCallFormat format, List<String> pieces) {
        StringBuilder text = new StringBuilder();
        List<String> calls = new ArrayList<>();
        ToolCallParser parser = new ToolCallParser(format, NAMES, new ToolCallParser.Listener() {
            @Override
            public void text(String piece) {
                text.append(piece);
            }

            @Override
            public void call(ToolCall call) {
                calls.add(call.name() + call.arguments());
            }
        });
        pieces.forEach(parser::accept);
        parser.finish();
        return new Outcome(text.toString(), calls);
    }
}
