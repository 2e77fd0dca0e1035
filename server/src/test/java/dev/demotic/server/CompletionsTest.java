package dev.demotic.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class CompletionsTest {
    private static final String PATH = "/v1/completions";
    private static final String PROMPT = "public class Stack {\\n    private int";

    private static Api api;

    @BeforeAll
    static void start() {
        api = new Api();
    }

    @AfterAll
    static void stop() {
        api.close();
    }

    private static JsonNode complete(String fields) throws Exception {
        Api.Answer answer = api.post(PATH, "{\"prompt\": \"" + PROMPT + "\", \"temperature\": 0" + fields + "}");
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json();
    }

    @Test
    void goesOnWithAText() throws Exception {
        JsonNode reply = complete("");
        assertThat(reply.path("object").asString()).isEqualTo("text_completion");
        assertThat(reply.at("/choices/0/text").asString()).isNotEmpty();
        assertThat(reply.at("/usage/completion_tokens").asInt()).isEqualTo(16);
        assertThat(reply.at("/choices/0/finish_reason").asString()).isEqualTo("length");
    }

    @Test
    void tokensAreAPromptToo() throws Exception {
        JsonNode tokens = api.post("/tokenize", "{\"content\": \"" + PROMPT + "\", \"add_special\": true}")
                .json()
                .path("tokens");
        String text = complete("").at("/choices/0/text").asString();
        JsonNode one = api.post(PATH, "{\"temperature\": 0, \"prompt\": " + tokens + "}")
                .json();
        JsonNode two = api.post(PATH, "{\"temperature\": 0, \"prompt\": [" + tokens + ", " + tokens + "], \"n\": 2}")
                .json();

        assertThat(one.at("/choices/0/text").asString()).isEqualTo(text);
        assertThat(two.path("choices")).hasSize(4);
        for (int i = 0; i < 4; i++) {
            assertThat(two.at("/choices/" + i + "/text").asString()).isEqualTo(text);
            assertThat(two.at("/choices/" + i + "/index").asInt()).isEqualTo(i);
        }
    }

    @Test
    void equalPromptsHaveRepliesOfTheirOwn() throws Exception {
        String prompts = "{\"prompt\": [\"Once upon\", \"Once upon\"], \"n\": 2, \"seed\": 1, \"max_tokens\": 8%s}";
        List<String> texts = api.post(PATH, prompts.formatted("")).json().path("choices").values().stream()
                .map(choice -> choice.path("text").asString())
                .toList();
        assertThat(texts).hasSize(4).doesNotHaveDuplicates();
        List<JsonNode> chunks =
                api.post(PATH, prompts.formatted(", \"stream\": true")).chunks();
        for (int i = 0; i < 4; i++) {
            assertThat(text(chunks, i)).isEqualTo(texts.get(i));
            String alone = "{\"prompt\": \"Once upon\", \"seed\": " + (1 + i) + ", \"max_tokens\": 8}";
            assertThat(api.post(PATH, alone).json().at("/choices/0/text").asString())
                    .isEqualTo(texts.get(i));
        }
    }

    private static String text(List<JsonNode> chunks, int index) {
        return chunks.stream()
                .flatMap(chunk -> chunk.path("choices").values().stream())
                .filter(choice -> choice.path("index").asInt() == index)
                .map(choice -> choice.path("text").asString())
                .collect(Collectors.joining());
    }

    /** The characters that are counted are code points, however many tokens one has. */
    @Test
    void placesAreThoseOfCharacters() throws Exception {
        String fields =
                "{\"prompt\": \"Hi \uD83D\uDE00 you\", \"echo\": true, \"seed\": 1, \"logprobs\": 3, \"max_tokens\": %s}";
        JsonNode logprobs = api.post(PATH, fields.formatted(0)).json().at("/choices/0/logprobs");
        List<String> tokens = logprobs.path("tokens").values().stream()
                .map(JsonNode::asString)
                .toList();
        List<Integer> places = places(logprobs);
        assertThat(places.get(tokens.indexOf(" you"))).isEqualTo(4);
        assertThat(places).isSorted();
        int part = IntStream.range(0, tokens.size())
                .filter(i -> tokens.get(i).startsWith("bytes:\\x"))
                .findFirst()
                .orElseThrow();
        assertThat(places.get(part + 1)).isEqualTo(3);
        for (int i = 1; i < tokens.size(); i++) {
            assertThat(logprobs.at("/top_logprobs/" + i)).hasSize(3);
        }

        JsonNode whole = api.post(PATH, fields.formatted(12)).json().at("/choices/0/logprobs");
        List<Integer> streamed = api.post(PATH, fields.formatted("12, \"stream\": true")).chunks().stream()
                .flatMap(chunk -> places(chunk.at("/choices/0/logprobs")).stream())
                .toList();
        assertThat(streamed).isEqualTo(places(whole));
    }

    private static List<Integer> places(JsonNode logprobs) {
        return logprobs.path("text_offset").values().stream()
                .map(JsonNode::asInt)
                .toList();
    }

    /** A reply needs a place for each token but its last, and a text that is scored for no other than its own. */
    @Test
    void theContextIsUsedToItsEnd() throws Exception {
        int context = api.model.context();
        Api.Answer full = api.post(PATH, ofTokens(context - 6, "\"max_tokens\": 100, \"ignore_eos\": true"));
        assertThat(full.json().at("/usage/total_tokens").asInt()).isEqualTo(context + 1);
        String score = "\"max_tokens\": 0, \"echo\": true, \"logprobs\": 0";
        assertThat(api.post(PATH, ofTokens(context, score)).status()).isEqualTo(200);
        assertThat(api.post(PATH, ofTokens(context + 1, score)).error())
                .isEqualTo("the prompt has 513 tokens, and the model's context is 512; shorten it");
    }

    private static String ofTokens(int count, String fields) {
        int[] tokens = IntStream.generate(() -> 40).limit(count).toArray();
        return "{\"prompt\": " + Json.text(tokens) + ", " + fields + "}";
    }

    @Test
    void streamsTheSameText() throws Exception {
        String text = complete(", \"echo\": true").at("/choices/0/text").asString();
        List<JsonNode> chunks = api.post(
                        PATH,
                        "{\"prompt\": \"" + PROMPT
                                + "\", \"temperature\": 0, \"echo\": true, \"stream\": true, \"logprobs\": 1}")
                .chunks();
        assertThat(chunks.stream()
                        .map(chunk -> chunk.at("/choices/0/text").asString())
                        .collect(Collectors.joining()))
                .isEqualTo(text);
        assertThat(chunks.getLast().at("/choices/0/finish_reason").asString()).isEqualTo("length");
    }

    @Test
    void echoTellsOfThePromptsTokens() throws Exception {
        JsonNode choice =
                complete(", \"echo\": true, \"logprobs\": 2, \"max_tokens\": 3").at("/choices/0");
        JsonNode logprobs = choice.path("logprobs");
        String joined = StreamSupport.stream(logprobs.path("tokens").spliterator(), false)
                .map(JsonNode::asString)
                .collect(Collectors.joining());
        assertThat(joined).isEqualTo(choice.path("text").asString());
        assertThat(logprobs.at("/token_logprobs/0").isNull()).isTrue();
        assertThat(logprobs.path("token_logprobs"))
                .hasSize(logprobs.path("tokens").size());
        assertThat(logprobs.at("/token_logprobs/1").asDouble()).isNegative();
        assertThat(logprobs.at("/top_logprobs/1")).hasSize(2);
        int last = logprobs.path("tokens").size() - 1;
        assertThat(choice.path("text")
                        .asString()
                        .substring(logprobs.at("/text_offset/" + last).asInt()))
                .isEqualTo(logprobs.at("/tokens/" + last).asString());
    }

    @Test
    void scoresAPromptWithoutGoingOn() throws Exception {
        JsonNode scored = complete(", \"echo\": true, \"logprobs\": 0, \"max_tokens\": 0");
        JsonNode longer = complete(", \"echo\": true, \"logprobs\": 0, \"max_tokens\": 1");
        assertThat(scored.at("/usage/completion_tokens").asInt()).isZero();
        int tokens = scored.at("/choices/0/logprobs/tokens").size();
        assertThat(longer.at("/choices/0/logprobs/tokens")).hasSize(tokens + 1);
        assertThat(scored.at("/choices/0/logprobs/token_logprobs/" + (tokens - 1))
                        .asDouble())
                .isEqualTo(longer.at("/choices/0/logprobs/token_logprobs/" + (tokens - 1))
                        .asDouble());
    }

    @Test
    void theBestOfManyIsTheLikeliest() throws Exception {
        String settings = ", \"seed\": 3, \"max_tokens\": 8";
        JsonNode best = api.post(
                        PATH,
                        "{\"prompt\": \"" + PROMPT + "\", \"temperature\": 1, \"best_of\": 4, \"logprobs\": 0"
                                + settings + "}")
                .json();
        JsonNode all = api.post(
                        PATH,
                        "{\"prompt\": \"" + PROMPT + "\", \"temperature\": 1, \"n\": 4, \"logprobs\": 0" + settings
                                + "}")
                .json();
        double highest = all.path("choices").values().stream()
                .mapToDouble(CompletionsTest::meanLogprob)
                .max()
                .orElseThrow();
        assertThat(best.path("choices")).hasSize(1);
        assertThat(meanLogprob(best.at("/choices/0"))).isEqualTo(highest);
    }

    private static double meanLogprob(JsonNode choice) {
        return choice.at("/logprobs/token_logprobs").values().stream()
                .mapToDouble(JsonNode::asDouble)
                .average()
                .orElseThrow();
    }

    @Test
    void aTokenEndsTheReplyWhereAsked() throws Exception {
        JsonNode free = complete(", \"logprobs\": 0");
        String second = free.at("/choices/0/logprobs/tokens/1").asString();
        JsonNode ids = api.post("/tokenize", "{\"content\": " + Json.text(second) + "}")
                .json()
                .path("tokens");
        JsonNode stopped = complete(", \"stop_token_ids\": " + ids);
        assertThat(stopped.at("/choices/0/finish_reason").asString()).isEqualTo("stop");
        assertThat(free.at("/choices/0/text").asString())
                .startsWith(stopped.at("/choices/0/text").asString());
    }

    @Test
    void biasedTokensDoNotCome() throws Exception {
        JsonNode free = complete(", \"logprobs\": 0, \"max_tokens\": 1");
        String first = free.at("/choices/0/text").asString();
        int id = api.post("/tokenize", "{\"content\": " + Json.text(first) + "}")
                .json()
                .at("/tokens/0")
                .asInt();
        JsonNode biased = complete(", \"max_tokens\": 1, \"logit_bias\": {\"" + id + "\": -100}");
        assertThat(biased.at("/choices/0/text").asString()).isNotEqualTo(first);
    }

    @Test
    void goesOnPastTheModelsEndIfAsked() throws Exception {
        try (Api api = Api.saying(new Api.Options().build(), "one<|im_end|>two", 0)) {
            String request = "{\"prompt\": \"Count.\", \"max_tokens\": 40%s}";
            assertThat(api.post("/v1/completions", request.formatted(""))
                            .json()
                            .at("/choices/0/text")
                            .asString())
                    .isEqualTo("one");
            assertThat(api.post("/v1/completions", request.formatted(", \"ignore_eos\": true"))
                            .json()
                            .at("/choices/0/text")
                            .asString())
                    .contains("one", "two");
        }
    }

    @Test
    void fillsTheGapBeforeASuffix() throws Exception {
        String before = "static int sum(int[] values) {\\n    int total = 0;\\n";
        String after = "    return total;\\n}\\n";
        JsonNode filled = api.post(
                        PATH,
                        "{\"prompt\": \"" + before + "\", \"suffix\": \"" + after
                                + "\", \"temperature\": 0, \"max_tokens\": 24}")
                .json();
        JsonNode markup = api.post(
                        "/tokenize",
                        "{\"content\": \"<|fim_prefix|>" + before + "<|fim_suffix|>" + after
                                + "<|fim_middle|>\", \"parse_special\": true}")
                .json()
                .path("tokens");
        JsonNode asked = api.post(PATH, "{\"temperature\": 0, \"max_tokens\": 24, \"prompt\": " + markup + "}")
                .json();
        assertThat(filled.at("/choices/0/text").asString())
                .isEqualTo(asked.at("/choices/0/text").asString())
                .isNotEmpty();
        assertThat(filled.at("/usage/prompt_tokens").asInt()).isEqualTo(markup.size());
    }

    @Test
    void whatLeavesOneCandidateIsGreedy() throws Exception {
        String greedy = complete("").at("/choices/0/text").asString();
        for (String settings : List.of("\"top_k\": 1", "\"min_p\": 1", "\"top_p\": 0")) {
            assertThat(complete(", \"seed\": 3, \"temperature\": 2, " + settings)
                            .at("/choices/0/text")
                            .asString())
                    .as(settings)
                    .isEqualTo(greedy);
        }
        assertThat(complete(", \"seed\": 3, \"temperature\": 2")
                        .at("/choices/0/text")
                        .asString())
                .isNotEqualTo(greedy);
    }

    @Test
    void penaltiesKeepItFromRepeating() throws Exception {
        String request = "{\"prompt\": \"x x x x x x x x\", \"temperature\": 0, \"max_tokens\": 8%s}";
        String free = api.post(PATH, request.formatted(""))
                .json()
                .at("/choices/0/text")
                .asString();
        assertThat(free).startsWith(" x x x");
        for (String penalty :
                List.of("\"repetition_penalty\": 5", "\"presence_penalty\": 2, \"frequency_penalty\": 2")) {
            assertThat(api.post(PATH, request.formatted(", " + penalty))
                            .json()
                            .at("/choices/0/text")
                            .asString())
                    .as(penalty)
                    .isNotEqualTo(free);
        }
    }

    @Test
    void aStreamEndsWithUsageWhereAsked() throws Exception {
        List<JsonNode> chunks = api.post(
                        PATH,
                        "{\"prompt\": \"" + PROMPT
                                + "\", \"temperature\": 0, \"max_tokens\": 5, \"stream\": true,"
                                + " \"stream_options\": {\"include_usage\": true}}")
                .chunks();
        assertThat(chunks.getLast().path("choices")).isEmpty();
        assertThat(chunks.getLast().at("/usage/completion_tokens").asInt()).isEqualTo(5);
        assertThat(chunks.getFirst().get("usage").isNull()).isTrue();
        assertThat(chunks.stream().map(chunk -> chunk.path("created").asLong()).distinct())
                .hasSize(1);
    }
}
