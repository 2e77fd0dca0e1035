package dev.demotic.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.runtime.tokenizer.Tokenizer;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is wrong in a request is told with the right status, the field to blame, and one sentence. */
class RefusalsTest {
    private static Api api;

    @BeforeAll
    static void start() {
        api = new Api();
    }

    @AfterAll
    static void stop() {
        api.close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            400 |                         | {
            400 |                         | []
            400 |                         | nonsense
            400 | messages                | {}
            400 | messages                | {"messages": []}
            400 | messages                | {"messages": "hello"}
            400 | messages[0]             | {"messages": ["hello"]}
            400 | messages[0].role        | {"messages": [{"content": "x"}]}
            400 | messages[0].role        | {"messages": [{"role": "judge", "content": "x"}]}
            400 | messages[0].content     | {"messages": [{"role": "user"}]}
            400 | messages[0].content     | {"messages": [{"role": "user", "content": 3}]}
            400 | messages[0].content[0].type | {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}
            404 | model                   | {"model": "gpt-9", "messages": [{"role": "user", "content": "x"}]}
            400 | model                   | {"model": 9, "messages": [{"role": "user", "content": "x"}]}
            400 | temperature             | {"messages": [{"role": "user", "content": "x"}], "temperature": "hot"}
            400 | temperature             | {"messages": [{"role": "user", "content": "x"}], "temperature": -1}
            400 | top_p                   | {"messages": [{"role": "user", "content": "x"}], "top_p": 1.5}
            400 | n                       | {"messages": [{"role": "user", "content": "x"}], "n": 0}
            400 | n                       | {"messages": [{"role": "user", "content": "x"}], "n": 100}
            400 | seed                    | {"messages": [{"role": "user", "content": "x"}], "seed": 1.5}
            400 | seed                    | {"messages": [{"role": "user", "content": "x"}], "seed": 99999999999999999999}
            400 | max_tokens              | {"messages": [{"role": "user", "content": "x"}], "max_tokens": 0}
            400 | stop                    | {"messages": [{"role": "user", "content": "x"}], "stop": [""]}
            400 | stop[1]                 | {"messages": [{"role": "user", "content": "x"}], "stop": ["a", 1]}
            400 | stream                  | {"messages": [{"role": "user", "content": "x"}], "stream": "yes"}
            400 | top_logprobs            | {"messages": [{"role": "user", "content": "x"}], "top_logprobs": 2}
            400 | logit_bias.x            | {"messages": [{"role": "user", "content": "x"}], "logit_bias": {"x": 1}}
            400 | logit_bias.1            | {"messages": [{"role": "user", "content": "x"}], "logit_bias": {"1": 1e9}}
            400 | stop_token_ids          | {"messages": [{"role": "user", "content": "x"}], "stop_token_ids": [-1]}
            400 | method                  | {"messages": [{"role": "user", "content": "x"}], "method": "magic"}
            400 | method                  | {"messages": [{"role": "user", "content": "x"}], "method": "draft"}
            400 | method                  | {"messages": [{"role": "user", "content": "x"}], "method": {"name": "lookup", "parameters": {"tokens": -3}}}
            400 | method                  | {"messages": [{"role": "user", "content": "x"}], "method": 5}
            400 | method.parameters.tokens | {"messages": [{"role": "user", "content": "x"}], "method": {"name": "lookup", "parameters": {"tokens": {"a": 1}}}}
            400 | method.parameters.tokens | {"messages": [{"role": "user", "content": "x"}], "method": {"name": "lookup", "parameters": {"tokens": [4]}}}
            400 | seed                    | {"messages": [{"role": "user", "content": "x"}], "seed": 1e400}
            400 | modalities              | {"messages": [{"role": "user", "content": "x"}], "modalities": ["text", "audio"]}
            400 | parallel_tool_calls     | {"messages": [{"role": "user", "content": "x"}], "parallel_tool_calls": "x"}
            400 | tools[0].function.strict | {"messages": [{"role": "user", "content": "x"}], "tools": [{"type": "function", "function": {"name": "f", "strict": 1}}]}
            400 | response_format         | {"messages": [{"role": "user", "content": "x"}], "response_format": {"type": "json_object"}}
            400 | response_format         | {"messages": [{"role": "user", "content": "x"}], "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}}
            400 | response_format.type    | {"messages": [{"role": "user", "content": "x"}], "response_format": {}}
            400 | structured_outputs      | {"messages": [{"role": "user", "content": "x"}], "structured_outputs": {"regex": "x"}}
            400 | stream_options          | {"messages": [{"role": "user", "content": "x"}], "stream": true, "stream_options": 1}
            400 | cache_prompt            | {"messages": [{"role": "user", "content": "x"}], "cache_prompt": "no"}
            400 | tool_choice             | {"messages": [{"role": "user", "content": "x"}], "tool_choice": {"type": "function", "function": {"name": "f"}}}
            400 | top_logprobs            | {"messages": [{"role": "user", "content": "x"}], "logprobs": true, "top_logprobs": 21}
            400 | min_p                   | {"messages": [{"role": "user", "content": "x"}], "min_p": 2}
            400 | repetition_penalty      | {"messages": [{"role": "user", "content": "x"}], "repetition_penalty": 0}
            400 | presence_penalty        | {"messages": [{"role": "user", "content": "x"}], "presence_penalty": 3}
            400 | max_completion_tokens   | {"messages": [{"role": "user", "content": "x"}], "max_completion_tokens": 1.5}
            400 | grammar                 | {"messages": [{"role": "user", "content": "x"}], "grammar": "root ::= x"}
            400 | tool_choice             | {"messages": [{"role": "user", "content": "x"}], "tool_choice": "required"}
            400 | tools[0].function       | {"messages": [{"role": "user", "content": "x"}], "tools": [{"type": "function"}]}
            400 | functions               | {"messages": [{"role": "user", "content": "x"}], "functions": [{}]}
            """)
    void chats(int status, String param, String body) throws Exception {
        check("/v1/chat/completions", status, param, body);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /v1/completions | prompt          | {}
            /v1/completions | prompt          | {"prompt": []}
            /v1/completions | prompt          | {"prompt": [999999]}
            /v1/completions | prompt          | {"prompt": [1, "a"]}
            /v1/completions | prompt          | {"prompt": 5}
            /v1/completions | prompt          | {"prompt": [[1, 2], {"a": 3}]}
            /v1/completions | best_of         | {"prompt": "a", "best_of": 65}
            /v1/completions | n               | {"prompt": "a", "n": 65}
            /v1/completions | suffix          | {"prompt": "a", "suffix": 3}
            /v1/completions | echo            | {"prompt": "a", "suffix": "b", "echo": true}
            /v1/completions | best_of         | {"prompt": "a", "best_of": 0}
            /v1/completions | logprobs        | {"prompt": "a", "logprobs": 21}
            /v1/completions | response_format | {"prompt": "a", "response_format": {"type": "json_object"}}
            /v1/completions | stream_options  | {"prompt": "a", "stream_options": true}
            /v1/completions | best_of         | {"prompt": "a", "n": 3, "best_of": 2}
            /v1/completions | best_of         | {"prompt": "a", "stream": true, "best_of": 2}
            /v1/completions | max_tokens      | {"prompt": "a", "max_tokens": 0}
            /v1/embeddings  | input           | {}
            /v1/embeddings  | input           | {"input": []}
            /v1/embeddings  | input           | {"input": [[1], {"z": 2}]}
            /v1/embeddings  | dimensions      | {"input": "a", "dimensions": 2}
            /v1/embeddings  | pooling         | {"input": "a", "pooling": "cls"}
            /v1/embeddings  | encoding_format | {"input": "a", "encoding_format": "int8"}
            /v1/responses   | input           | {}
            /v1/responses   | previous_response_id | {"input": "a", "previous_response_id": "resp_1"}
            /v1/responses   | text.format     | {"input": "a", "text": {"format": {"type": "json_object"}}}
            /v1/responses   | truncation      | {"input": "a", "truncation": "auto"}
            /v1/responses   | include         | {"input": "a", "include": ["message.output_text.logprobs"]}
            /v1/responses   | top_logprobs    | {"input": "a", "top_logprobs": 3}
            /v1/responses   | tools[0].strict | {"input": "a", "tools": [{"type": "function", "name": "f", "strict": "x"}]}
            /v1/responses   | input[0].output | {"input": [{"type": "function_call_output", "call_id": "a", "output": 3}]}
            /tokenize       | content         | {}
            /detokenize     | tokens          | {"tokens": ["a"]}
            /detokenize     | tokens          | {"tokens": 5}
            /detokenize     | tokens          | {"tokens": "abc"}
            /detokenize     | tokens          | {"tokens": {"a": 72}}
            """)
    void others(String path, String param, String body) throws Exception {
        check(path, 400, param, body);
    }

    private static void check(String path, int status, String param, String body) throws Exception {
        Api.Answer answer = api.post(path, body);
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.header("content-type")).isEqualTo("application/json");
        assertThat(answer.json().at("/error/type").asString()).isEqualTo("invalid_request_error");
        assertThat(answer.json().at("/error/param").asString(null)).isEqualTo(param);
        assertThat(answer.error()).isNotBlank().doesNotContain("Exception", "\n");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            max_tokens must be a whole number from 0 to 2147483647, but is 3000000000  | "max_tokens": 3000000000
            top_k must be a whole number from -1 to 2147483647, but is 2147483648      | "top_k": 2147483648
            stop must be a string or an array of strings, but is 5                     | "stop": 5
            prompt must be a string, or an array of strings or token ids, but is 5     | "prompt": 5
            method must be a string or an object, but is 5                             | "method": 5
            """)
    void errorsSayAllThatIsTaken(String error, String field) throws Exception {
        String prompt = field.startsWith("\"prompt") ? "" : "\"prompt\": \"a\", ";
        assertThat(api.post("/v1/completions", "{" + prompt + field + "}").error())
                .isEqualTo(error);
    }

    @Test
    void tooLongAPromptIsNamedSo() throws Exception {
        for (String path :
                new String[] {"/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings"}) {
            String text = Json.text("word ".repeat(600));
            String body = path.contains("chat")
                    ? Api.chat("word ".repeat(600), "")
                    : "{\"" + (path.endsWith("completions") ? "prompt" : "input") + "\": " + text + "}";
            Api.Answer answer = api.post(path, body);
            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.json().at("/error/code").asString()).isEqualTo("context_length_exceeded");
        }
    }

    /** No text that fits is refused by its characters: the longest token, again and again, fills the context with the most of them. */
    @Test
    void textsAreMeasuredBeforeTheyAreCutIntoTokens() throws Exception {
        Tokenizer tokenizer = api.model.tokenizer();
        String longest = IntStream.range(0, tokenizer.size())
                .filter(token -> !tokenizer.isControl(token))
                .mapToObj(tokenizer::decode)
                .max(Comparator.comparingInt(String::length))
                .orElseThrow();
        String fits = longest.repeat(api.model.context() / 2);
        Api.Answer served = api.post("/v1/completions", "{\"max_tokens\": 1, \"prompt\": " + Json.text(fits) + "}");
        assertThat(served.error()).isEmpty();
        for (String field : new String[] {"messages", "prompt", "input", "content", "instructions"}) {
            String text = Json.text(longest.repeat(3 * api.model.context()));
            Api.Answer answer = switch (field) {
                case "messages" ->
                    api.post("/v1/chat/completions", Api.chat(longest.repeat(3 * api.model.context()), ""));
                case "prompt" -> api.post("/v1/completions", "{\"prompt\": [\"x\", " + text + "]}");
                case "content" -> api.post("/tokenize", "{\"content\": " + text + "}");
                case "input" -> api.post("/v1/embeddings", "{\"input\": [\"x\", " + text + "]}");
                default -> api.post("/v1/responses", "{\"input\": \"x\", \"instructions\": " + text + "}");
            };
            assertThat(answer.status()).as(field).isEqualTo(400);
            assertThat(answer.json().at("/error/param").asString()).isEqualTo(field);
            assertThat(answer.error()).contains(" characters, ");
        }
    }

    @Test
    void unknownFieldsAndNullsAreIgnored() throws Exception {
        Api.Answer answer = api.post(
                "/v1/chat/completions",
                Api.chat("Hello", ", \"max_tokens\": 2, \"user\": \"me\", \"stop\": null, \"wonder\": {\"a\": [1]}"));
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    }
}
