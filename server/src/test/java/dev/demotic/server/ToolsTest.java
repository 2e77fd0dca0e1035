package dev.demotic.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Calls of tools, by a model that makes them for sure. */
class ToolsTest {
    private static final String CALLS =
            "Let me see. <tool_call>{\"name\": \"add\", \"arguments\": {\"a\": 1}}</tool_call><tool_call>{\"name\": \"now\", \"arguments\": {}}</tool_call>";
    private static final String TOOLS =
            ", \"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"add\", \"parameters\": {\"type\": \"object\"}}}]";

    @Test
    void callsArePartOfTheMessage() throws Exception {
        try (Api api = Api.saying(new Api.Options().build(), CALLS, 0)) {
            JsonNode choice = api.post("/v1/chat/completions", Api.chat("1 + 1?", TOOLS))
                    .json()
                    .at("/choices/0");
            assertThat(choice.path("finish_reason").asString()).isEqualTo("tool_calls");
            assertThat(choice.at("/message/content").asString()).isEqualTo("Let me see. ");
            assertThat(choice.at("/message/tool_calls")).hasSize(2);
            assertThat(choice.at("/message/tool_calls/0/function/name").asString())
                    .isEqualTo("add");
            assertThat(choice.at("/message/tool_calls/0/function/arguments").asString())
                    .isEqualTo("{\"a\": 1}");
            assertThat(choice.at("/message/tool_calls/0/id").asString())
                    .startsWith("call_")
                    .isNotEqualTo(choice.at("/message/tool_calls/1/id").asString());
        }
    }

    @Test
    void callsAreStreamedByIndexWithTheNameOnce() throws Exception {
        try (Api api = Api.saying(new Api.Options().build(), CALLS, 0)) {
            List<JsonNode> chunks = api.post("/v1/chat/completions", Api.chat("1 + 1?", TOOLS + ", \"stream\": true"))
                    .chunks();
            for (int index = 0; index < 2; index++) {
                int wanted = index;
                List<JsonNode> pieces = chunks.stream()
                        .flatMap(chunk -> chunk.at("/choices/0/delta/tool_calls").values().stream())
                        .filter(call -> call.path("index").asInt() == wanted)
                        .toList();
                assertThat(pieces.stream().filter(call -> call.has("id"))).hasSize(1);
                assertThat(pieces.stream()
                                .map(call -> call.at("/function/name").asString(""))
                                .collect(Collectors.joining()))
                        .isEqualTo(index == 0 ? "add" : "now");
                assertThat(pieces.stream()
                                .map(call -> call.at("/function/arguments").asString(""))
                                .collect(Collectors.joining()))
                        .isEqualTo(index == 0 ? "{\"a\": 1}" : "{}");
            }
            assertThat(chunks.getLast().at("/choices/0/finish_reason").asString())
                    .isEqualTo("tool_calls");
        }
    }

    @Test
    void withoutToolsItIsTextWithoutTheMarks() throws Exception {
        try (Api api = Api.saying(new Api.Options().build(), CALLS, 0)) {
            for (String fields : List.of("", TOOLS + ", \"tool_choice\": \"none\"")) {
                JsonNode choice = api.post("/v1/chat/completions", Api.chat("1 + 1?", fields))
                        .json()
                        .at("/choices/0");
                assertThat(choice.at("/message/content").asString()).isEqualTo(CALLS.replaceAll("</?tool_call>", ""));
                assertThat(choice.path("finish_reason").asString()).isEqualTo("stop");
            }
        }
    }

    @Test
    void resultsComeBackInTheConversation() throws Exception {
        try (Api api = Api.saying(new Api.Options().build(), "It is 2.", 0)) {
            Api.Answer answer = api.post("/v1/chat/completions", """
                    {"messages": [
                      {"role": "user", "content": "1 + 1?"},
                      {"role": "assistant", "content": null, "tool_calls":
                        [{"id": "call_1", "type": "function", "function": {"name": "add", "arguments": "{\\"a\\": 1}"}}]},
                      {"role": "tool", "tool_call_id": "call_1", "content": "2"}]}""");
            assertThat(answer.json().at("/choices/0/message/content").asString(answer.body()))
                    .isEqualTo("It is 2.");
        }
    }
}
