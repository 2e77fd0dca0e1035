package dev.demotic.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class ChatCompletionsTest {
    private static final String PATH = "/v1/chat/completions";
    private static final String QUESTION = "What is the capital of France?";

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
    void answers() throws Exception {
        Api.Answer answer = api.post(PATH, Api.chat(QUESTION, ", \"temperature\": 0, \"max_tokens\": 12"));

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        JsonNode reply = answer.json();
        assertThat(reply.path("object").asString()).isEqualTo("chat.completion");
        assertThat(reply.path("model").asString()).isEqualTo(Api.MODEL);
        assertThat(reply.at("/choices/0/message/role").asString()).isEqualTo("assistant");
        assertThat(reply.at("/choices/0/message/content").asString()).isNotEmpty();
        assertThat(reply.at("/usage/completion_tokens").asInt()).isBetween(1, 12);
        assertThat(reply.at("/timings/predicted_n").asInt())
                .isEqualTo(reply.at("/usage/completion_tokens").asInt());
    }

    @Test
    void aStreamSaysTheSame() throws Exception {
        String settings = ", \"temperature\": 0.8, \"seed\": 7, \"max_tokens\": 40";
        String whole = api.post(PATH, Api.chat(QUESTION, settings))
                .json()
                .at("/choices/0/message/content")
                .asString();
        Api.Answer answer = api.post(
                PATH,
                Api.chat(QUESTION, settings + ", \"stream\": true, \"stream_options\": {\"include_usage\": true}"));

        assertThat(answer.header("content-type")).startsWith("text/event-stream");
        List<JsonNode> chunks = answer.chunks();
        assertThat(chunks.stream().map(chunk -> chunk.path("id").asString()).distinct())
                .hasSize(1);
        assertThat(chunks.getFirst().at("/choices/0/delta/role").asString()).isEqualTo("assistant");
        assertThat(text(chunks, 0)).isEqualTo(whole);
        assertThat(chunks.get(chunks.size() - 2).at("/choices/0/finish_reason").asString())
                .isIn("stop", "length");
        JsonNode last = chunks.getLast();
        assertThat(last.path("choices")).isEmpty();
        assertThat(last.at("/usage/completion_tokens").asInt()).isPositive();
        assertThat(last.path("timings").has("draft_n_accepted")).isTrue();
    }

    @Test
    void theLastChunkHasTheTimings() throws Exception {
        List<JsonNode> chunks = api.post(PATH, Api.chat(QUESTION, ", \"max_tokens\": 5, \"stream\": true"))
                .chunks();
        assertThat(chunks.getLast().path("timings").has("predicted_ms")).isTrue();
    }

    @Test
    void severalChoicesDifferBySeedAlone() throws Exception {
        JsonNode reply = api.post(
                        PATH, Api.chat(QUESTION, ", \"n\": 3, \"seed\": 5, \"temperature\": 1.2, \"max_tokens\": 20"))
                .json();
        Set<String> texts = new HashSet<>();
        for (int i = 0; i < 3; i++) {
            String text = reply.at("/choices/" + i + "/message/content").asString();
            texts.add(text);
            String alone = api.post(
                            PATH,
                            Api.chat(QUESTION, ", \"seed\": " + (5 + i) + ", \"temperature\": 1.2, \"max_tokens\": 20"))
                    .json()
                    .at("/choices/0/message/content")
                    .asString();
            assertThat(text).isEqualTo(alone);
        }
        assertThat(texts).hasSize(3);
    }

    @Test
    void severalChoicesAreStreamedByIndex() throws Exception {
        String settings = ", \"n\": 3, \"seed\": 5, \"max_tokens\": 15";
        JsonNode whole = api.post(PATH, Api.chat(QUESTION, settings)).json();
        List<JsonNode> chunks = api.post(PATH, Api.chat(QUESTION, settings + ", \"stream\": true"))
                .chunks();
        for (int i = 0; i < 3; i++) {
            assertThat(text(chunks, i))
                    .isEqualTo(whole.at("/choices/" + i + "/message/content").asString());
        }
    }

    @Test
    void everyMethodThatNeedsNoDraftSaysTheSame() throws Exception {
        Set<String> texts = new HashSet<>();
        for (String method : List.of(
                "\"plain\"",
                "\"suffix\"",
                "\"lookup:tokens=4\"",
                "{\"name\": \"recycling\", \"parameters\": {\"nodes\": 6}}")) {
            JsonNode reply = api.post(
                            PATH, Api.chat(QUESTION, ", \"temperature\": 0, \"max_tokens\": 60, \"method\": " + method))
                    .json();
            texts.add(reply.at("/choices/0/message/content").asString(reply.toString()));
        }
        assertThat(texts).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"recycling", "plain"})
    void tracesEveryRoundBeforeItsText(String method) throws Exception {
        String settings = ", \"temperature\": 0, \"max_tokens\": 60, \"method\": \"" + method + "\"";
        JsonNode whole = api.post(PATH, Api.chat(QUESTION, settings)).json();
        List<JsonNode> chunks = api.post(PATH, Api.chat(QUESTION, settings + ", \"stream\": true, \"trace\": true"))
                .chunks();

        assertThat(text(chunks, 0))
                .isEqualTo(whole.at("/choices/0/message/content").asString());
        List<JsonNode> rounds = chunks.stream()
                .map(chunk -> chunk.at("/demotic/round"))
                .filter(round -> !round.isMissingNode())
                .toList();
        int emitted = 0;
        for (JsonNode round : rounds) {
            assertThat(round.path("nodes").isArray()).isTrue();
            assertThat(round.path("verify_ms").asDouble()).isPositive();
            for (JsonNode node : round.path("nodes")) {
                assertThat(node.path("probability").asDouble()).isBetween(0.0, 1.0 + 1e-6);
                if (node.path("state").asString().equals("accepted")) {
                    emitted++;
                }
            }
            emitted += round.path("bonus").isNull() ? 0 : 1;
        }
        assertThat(emitted).isEqualTo(whole.at("/usage/completion_tokens").asInt());
        assertThat(chunks.get(1).has("demotic")).isTrue();
        assertThat(pieces(chunks)).as("pieces of text").isGreaterThan(1);
    }

    @Test
    void roundsOfSeveralChoicesTellThemApart() throws Exception {
        String settings =
                ", \"n\": 2, \"max_tokens\": 20, \"stream\": true, \"trace\": true, \"method\": \"recycling\"";
        Set<Integer> indices = api.post(PATH, Api.chat(QUESTION, settings)).chunks().stream()
                .filter(chunk -> chunk.at("/demotic/round").isObject())
                .map(chunk -> chunk.at("/demotic/index").asInt())
                .collect(Collectors.toSet());
        assertThat(indices).containsExactlyInAnyOrder(0, 1);
    }

    @Test
    void holdsNoTextBackForRoundsThatNeverCome() throws Exception {
        try (Api saying = Api.saying(new Api.Options().build(), "One, two; three. ".repeat(5), 0)) {
            List<JsonNode> chunks = saying.post(PATH, Api.chat("Count.", ", \"stream\": true, \"trace\": true"))
                    .chunks();
            assertThat(pieces(chunks)).isGreaterThan(5);
        }
    }

    private static long pieces(List<JsonNode> chunks) {
        return chunks.stream()
                .filter(chunk ->
                        !chunk.at("/choices/0/delta/content").asString("").isEmpty())
                .count();
    }

    @Test
    void likelihoodsAddUpToTheText() throws Exception {
        String settings = ", \"temperature\": 0, \"max_tokens\": 15, \"logprobs\": true, \"top_logprobs\": 3";
        JsonNode choice = api.post(PATH, Api.chat(QUESTION, settings)).json().at("/choices/0");
        String joined = choice.at("/logprobs/content").values().stream()
                .map(token -> token.path("token").asString())
                .collect(Collectors.joining());
        assertThat(joined).isEqualTo(choice.at("/message/content").asString());
        for (JsonNode token : choice.at("/logprobs/content")) {
            assertThat(token.path("top_logprobs")).hasSize(3);
            assertThat(token.at("/top_logprobs/0/logprob").asDouble())
                    .isEqualTo(token.path("logprob").asDouble());
        }
        List<JsonNode> chunks = api.post(PATH, Api.chat(QUESTION, settings + ", \"stream\": true"))
                .chunks();
        String streamed = chunks.stream()
                .flatMap(chunk -> chunk.at("/choices/0/logprobs/content").values().stream())
                .map(token -> token.path("token").asString())
                .collect(Collectors.joining());
        assertThat(streamed).isEqualTo(joined);
    }

    @Test
    void stopsWhereAsked() throws Exception {
        String free = api.post(PATH, Api.chat(QUESTION, ", \"temperature\": 0, \"max_tokens\": 30"))
                .json()
                .at("/choices/0/message/content")
                .asString();
        String word = free.substring(free.length() / 2, free.length() / 2 + 2);
        JsonNode stopped = api.post(
                        PATH,
                        Api.chat(QUESTION, ", \"temperature\": 0, \"max_tokens\": 30, \"stop\": " + Json.text(word)))
                .json();
        assertThat(stopped.at("/choices/0/message/content").asString())
                .isEqualTo(free.substring(0, free.indexOf(word)));
        assertThat(stopped.at("/choices/0/finish_reason").asString()).isEqualTo("stop");
    }

    @Test
    void stopsAtTheFirstOfSeveral() throws Exception {
        try (Api saying = Api.saying(new Api.Options().build(), "One, two; three.", 0)) {
            JsonNode choice = saying.post(PATH, Api.chat("Count.", ", \"stop\": [\"three\", \";\"]"))
                    .json()
                    .at("/choices/0");
            assertThat(choice.at("/message/content").asString()).isEqualTo("One, two");
            assertThat(choice.path("finish_reason").asString()).isEqualTo("stop");
        }
    }

    @Test
    void theNewerLimitGoesBeforeTheOlder() throws Exception {
        String limits = ", \"ignore_eos\": true, \"max_completion_tokens\": 3, \"max_tokens\": 9";
        JsonNode reply = api.post(PATH, Api.chat(QUESTION, limits)).json();
        assertThat(reply.at("/usage/completion_tokens").asInt()).isEqualTo(3);
        assertThat(reply.at("/choices/0/finish_reason").asString()).isEqualTo("length");
        assertThat(reply.at("/choices/0/message").has("refusal")).isTrue();
    }

    @Test
    void messagesMayComeInParts() throws Exception {
        String whole = Api.chat("Hello there", ", \"temperature\": 0, \"max_tokens\": 8");
        String parts = whole.replace(
                "\"Hello there\"",
                "[{\"type\": \"text\", \"text\": \"Hello \"}, {\"type\": \"text\", \"text\": \"there\"}]");
        assertThat(api.post(PATH, parts).json().path("choices"))
                .isEqualTo(api.post(PATH, whole).json().path("choices"));
    }

    /** The prompt is twice the same text, which a method that copies drafts from. */
    @Test
    void timingsTellOfDraftsAndUsageOfTheCache() throws Exception {
        String text = "int add(int a, int b) { return a + b; } ".repeat(4);
        String body = Api.chat(text + text, ", \"temperature\": 0, \"max_tokens\": 60, \"method\": \"%s\"%s");
        JsonNode first = api.post(PATH, body.formatted("suffix", "")).json();
        assertThat(first.at("/timings/draft_n").asInt()).isPositive();
        assertThat(first.at("/timings/draft_n_accepted").asInt())
                .isBetween(0, first.at("/timings/draft_n").asInt());
        assertThat(first.at("/timings/predicted_per_second").asDouble()).isPositive();

        JsonNode again = api.post(PATH, body.formatted("plain", "")).json();
        int prompt = again.at("/usage/prompt_tokens").asInt();
        int cached = again.at("/usage/prompt_tokens_details/cached_tokens").asInt();
        assertThat(cached).isBetween(prompt - 32, prompt - 1);
        assertThat(again.at("/timings/cached_n").asInt()).isEqualTo(cached);
        assertThat(again.at("/timings/prompt_n").asInt()).isEqualTo(prompt - cached);
        assertThat(again.at("/timings/draft_n").asInt()).isZero();
        JsonNode anew = api.post(PATH, body.formatted("plain", ", \"cache_prompt\": false"))
                .json();
        assertThat(anew.at("/usage/prompt_tokens_details/cached_tokens").asInt(-1))
                .isZero();
        assertThat(anew.path("choices")).isEqualTo(again.path("choices"));
    }

    private static String text(List<JsonNode> chunks, int index) {
        return chunks.stream()
                .flatMap(chunk -> chunk.path("choices").values().stream())
                .filter(choice -> choice.path("index").asInt() == index)
                .map(choice -> choice.at("/delta/content").asString(""))
                .collect(Collectors.joining());
    }
}
