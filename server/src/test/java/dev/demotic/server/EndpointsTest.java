package dev.demotic.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The smaller endpoints. */
class EndpointsTest {
    private static Api api;

    @BeforeAll
    static void start() {
        api = new Api();
    }

    @AfterAll
    static void stop() {
        api.close();
    }

    @Test
    void modelsAreListed() throws Exception {
        JsonNode list = api.get("/v1/models").json();
        assertThat(list.at("/data/0/id").asString()).isEqualTo(Api.MODEL);
        assertThat(list.at("/data/0/demotic/context_length").asInt()).isEqualTo(512);
        assertThat(list.at("/data/0/demotic/has_template").asBoolean()).isTrue();
        assertThat(list.at("/data/0/demotic/draft").isNull()).isTrue();
        assertThat(api.get("/v1/models/" + Api.MODEL).json()).isEqualTo(list.at("/data/0"));
        assertThat(api.get("/v1/models/other").status()).isEqualTo(404);
    }

    /** Each says something else, so that it shows who answered. */
    @Test
    void oneServerHasSeveralModels() throws Exception {
        ModelOptions settings = ModelOptions.defaults().withContext(256).withSequences(2);
        try (LanguageModel second = LanguageModel.open(Api.SMALL, settings);
                Api two = new Api(
                        new Api.Options().build(),
                        Api.SMALL,
                        settings,
                        first -> List.of(
                                new ServedModel("one", first, new Saying(first.tokenizer(), "First.", 0)),
                                new ServedModel("two", second, new Saying(second.tokenizer(), "Second.", 0))))) {
            assertThat(two.get("/v1/models").json().path("data").findValuesAsString("id"))
                    .containsExactly("one", "two");
            assertThat(answer(two, ", \"model\": \"one\"")).isEqualTo("First.");
            assertThat(answer(two, ", \"model\": \"two\"")).isEqualTo("Second.");
            assertThat(answer(two, "")).isEqualTo("First.");
            assertThat(two.get("/metrics").body())
                    .contains(
                            "demotic_generated_tokens_total{model=\"one\"} ",
                            "demotic_generated_tokens_total{model=\"two\"} ");
            assertThat(second.kvUse().reserved()).isZero();
        }
    }

    private static String answer(Api api, String fields) throws Exception {
        return api.post("/v1/chat/completions", Api.chat("Who is there?", fields))
                .json()
                .at("/choices/0/message/content")
                .asString();
    }

    @Test
    void methodsAreListed() throws Exception {
        JsonNode methods = api.get("/api/methods").json().path("methods");
        JsonNode draft = methods.values().stream()
                .filter(method -> method.path("name").asString().equals("draft"))
                .findFirst()
                .orElseThrow();
        assertThat(draft.path("needs_draft").asBoolean()).isTrue();
        assertThat(draft.path("citation").asString()).contains("arXiv");
        assertThat(draft.at("/parameters/0/default").asString()).isNotEmpty();
    }

    @Test
    void textBecomesTokensAndTextAgain() throws Exception {
        String text = "int x = 3; // naïve ☃";
        JsonNode tokens = api.post("/tokenize", Json.text(Json.object().with("content", text)))
                .json();
        assertThat(tokens.path("count").asInt())
                .isEqualTo(tokens.path("tokens").size())
                .isPositive();
        JsonNode back = api.post("/detokenize", "{\"tokens\": " + tokens.path("tokens") + "}")
                .json();
        assertThat(back.path("content").asString()).isEqualTo(text);
        JsonNode pieces = api.post(
                        "/tokenize",
                        Json.text(Json.object().with("prompt", "a b").with("with_pieces", true)))
                .json();
        assertThat(pieces.at("/tokens/0/piece").asString()).startsWith("a");
        JsonNode parts = api.post("/tokenize", "{\"content\": \"\uD83D\uDE00\", \"with_pieces\": true}")
                .json()
                .path("tokens");
        assertThat(parts.values().stream()
                        .flatMap(part -> part.path("piece").values().stream())
                        .map(JsonNode::asInt))
                .containsExactly(0xF0, 0x9F, 0x98, 0x80);
        JsonNode chat = api.post("/tokenize", Api.chat("Hello", "")).json();
        assertThat(chat.path("count").asInt()).isGreaterThan(3);
    }

    @Test
    void embeddingsHaveLengthOneInBothForms() throws Exception {
        for (String pooling : new String[] {"mean", "last"}) {
            JsonNode reply = api.post(
                            "/v1/embeddings",
                            "{\"input\": [\"a stack\", \"a queue of things\"], \"pooling\": \"" + pooling + "\"}")
                    .json();
            JsonNode floats = reply.at("/data/0/embedding");
            assertThat(floats).hasSize(api.model.config().width());
            double squares = floats.values().stream()
                    .mapToDouble(each -> each.asDouble() * each.asDouble())
                    .sum();
            assertThat(Math.abs(squares - 1)).isLessThan(1e-4);
            assertThat(reply.at("/data/1/embedding")).isNotEqualTo(floats);
            String base64 = api.post(
                            "/v1/embeddings",
                            "{\"input\": \"a stack\", \"encoding_format\": \"base64\", \"pooling\": \"" + pooling
                                    + "\"}")
                    .json()
                    .at("/data/0/embedding")
                    .asString();
            ByteBuffer bytes =
                    ByteBuffer.wrap(Base64.getDecoder().decode(base64)).order(ByteOrder.LITTLE_ENDIAN);
            for (JsonNode each : floats) {
                assertThat(bytes.getFloat()).isEqualTo((float) each.asDouble());
            }
        }
    }

    @Test
    void metricsTellOfRequests() throws Exception {
        assertThat(api.get("/health").json().path("status").asString()).isEqualTo("ok");
        assertThat(api.post("/v1/chat/completions", Api.chat("Hello", ", \"max_tokens\": 6"))
                        .status())
                .isEqualTo(200);
        String metrics = api.get("/metrics").body();
        assertThat(metrics)
                .contains("demotic_requests_seconds_bucket{path=\"/v1/chat/completions\",status=\"200\"")
                .contains("demotic_time_to_first_token_seconds_count{model=\"small\"} ")
                .contains("demotic_kv_blocks{model=\"small\"} ")
                .contains("demotic_generated_tokens_total{model=\"small\"} ")
                .contains("demotic_requests_waiting{model=\"small\"} 0.0");
    }

    /** The length that GET would have, of nothing. */
    @Test
    void headIsGetWithoutABody() throws Exception {
        for (String path : List.of("/", "/health", "/v1/models")) {
            Api.Answer head = api.send(api.request(path).HEAD().build());
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.body()).isEmpty();
            assertThat(head.header("content-length"))
                    .as(path)
                    .isEqualTo(api.get(path).header("content-length"))
                    .isNotEqualTo("0");
        }
    }

    @Test
    void wrongPathsAndVerbsAreTold() throws Exception {
        assertThat(api.get("/nothing/here").status()).isEqualTo(404);
        assertThat(api.get("/../../etc/passwd.html").status()).isIn(400, 404);
        Api.Answer wrongVerb = api.get("/v1/chat/completions");
        assertThat(wrongVerb.status()).isEqualTo(405);
        assertThat(wrongVerb.header("allow")).isEqualTo("POST");
        assertThat(wrongVerb.error()).isEqualTo("/v1/chat/completions takes POST, not GET");
    }
}
