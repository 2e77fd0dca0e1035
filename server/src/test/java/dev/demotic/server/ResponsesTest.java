package dev.demotic.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class ResponsesTest {
    private static final String PATH = "/v1/responses";
    private static final String TOOLS =
            "\"tools\": [{\"type\": \"function\", \"name\": \"add\", \"parameters\": {\"type\": \"object\"}, \"strict\": true}]";

    private static Api api;

    @BeforeAll
    static void start() {
        api = Api.saying(new Api.Options().build(), "One, two; three.", 0);
    }

    @AfterAll
    static void stop() {
        api.close();
    }

    @Test
    void aMessageThatIsCutSaysSoAsTheResponseDoes() throws Exception {
        for (int limit : new int[] {2, 100}) {
            String status = limit == 2 ? "incomplete" : "completed";
            String request = "{\"input\": \"Count.\", \"max_output_tokens\": " + limit + "%s}";
            JsonNode whole = api.post(PATH, request.formatted("")).json();
            assertThat(whole.path("status").asString()).isEqualTo(status);
            assertThat(whole.at("/output/0/status").asString()).isEqualTo(status);
            assertThat(whole.path("incomplete_details").isNull()).isEqualTo(limit == 100);
            List<JsonNode> events = api.post(PATH, request.formatted(", \"stream\": true")).events().stream()
                    .map(Api::parsed)
                    .toList();
            assertThat(events.getLast().path("type").asString()).isEqualTo("response." + status);
            assertThat(events.getLast().at("/response/output/0/status").asString())
                    .isEqualTo(status);
            JsonNode done = events.stream()
                    .filter(event -> event.path("type").asString().equals("response.output_item.done"))
                    .findFirst()
                    .orElseThrow();
            assertThat(done.at("/item/status").asString()).isEqualTo(status);
        }
    }

    @Test
    void promisesNothingOfCalls() throws Exception {
        JsonNode response = api.post(PATH, "{\"input\": \"Count.\", \"parallel_tool_calls\": false, " + TOOLS + "}")
                .json();
        assertThat(response.at("/tools/0/name").asString()).isEqualTo("add");
        assertThat(response.at("/tools/0/strict").asBoolean(true)).isFalse();
        assertThat(response.path("parallel_tool_calls").asBoolean(false)).isTrue();
    }

    @Test
    void resultsOfCallsMayComeInParts() throws Exception {
        String input = """
                {"input": [
                  {"role": "user", "content": "1 + 1?"},
                  {"type": "function_call", "call_id": "a", "name": "add", "arguments": "{}"},
                  {"type": "function_call_output", "call_id": "a", "output": %s}]}""";
        JsonNode whole = api.post(PATH, input.formatted("\"It is 2\"")).json();
        JsonNode parts = api.post(
                        PATH,
                        input.formatted(
                                "[{\"type\": \"input_text\", \"text\": \"It is \"}, {\"type\": \"input_text\", \"text\": \"2\"}]"))
                .json();
        assertThat(parts.at("/usage/input_tokens").asInt())
                .isEqualTo(whole.at("/usage/input_tokens").asInt(-1));
    }
}
