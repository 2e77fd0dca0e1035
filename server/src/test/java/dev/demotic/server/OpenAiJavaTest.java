package dev.demotic.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.embeddings.EmbeddingCreateParams;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseStreamEvent;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** OpenAI's own Java client finds what it expects. */
class OpenAiJavaTest {
    private static Api api;
    private static OpenAIClient client;

    @BeforeAll
    static void start() {
        api = new Api();
        client = client(api);
    }

    @AfterAll
    static void stop() {
        client.close();
        api.close();
    }

    private static OpenAIClient client(Api api) {
        return OpenAIOkHttpClient.builder()
                .baseUrl(api.uri() + "v1")
                .apiKey("none")
                .maxRetries(0)
                .responseValidation(true)
                .build();
    }

    private static ChatCompletionCreateParams.Builder question() {
        return ChatCompletionCreateParams.builder()
                .model(Api.MODEL)
                .addSystemMessage("You are brief.")
                .addUserMessage("What is the capital of France?")
                .temperature(0)
                .maxCompletionTokens(20);
    }

    @Test
    void chats() {
        ChatCompletion completion = client.chat()
                .completions()
                .create(question().logprobs(true).topLogprobs(2).build());
        ChatCompletion.Choice choice = completion.choices().getFirst();
        assertThat(choice.message().content().orElseThrow()).isNotEmpty();
        assertThat(choice.logprobs().orElseThrow().content().orElseThrow())
                .allSatisfy(token -> assertThat(token.topLogprobs()).hasSize(2));
        assertThat(completion.usage().orElseThrow().totalTokens()).isPositive();
    }

    @Test
    void streams() {
        String whole = client.chat()
                .completions()
                .create(question().build())
                .choices()
                .getFirst()
                .message()
                .content()
                .orElseThrow();
        ChatCompletionAccumulator accumulator = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> chunks =
                client.chat().completions().createStreaming(question().build())) {
            chunks.stream().forEach(accumulator::accumulate);
        }
        assertThat(accumulator
                        .chatCompletion()
                        .choices()
                        .getFirst()
                        .message()
                        .content()
                        .orElseThrow())
                .isEqualTo(whole);
    }

    @Test
    void callsTools() {
        String call = "<tool_call>{\"name\": \"weather\", \"arguments\": {\"city\": \"Paris\"}}</tool_call>";
        try (Api calling = Api.saying(new Api.Options().build(), call, 0)) {
            OpenAIClient other = client(calling);
            ChatCompletionCreateParams params = question()
                    .addFunctionTool(FunctionDefinition.builder()
                            .name("weather")
                            .parameters(FunctionParameters.builder()
                                    .putAdditionalProperty("type", JsonValue.from("object"))
                                    .build())
                            .build())
                    .maxCompletionTokens(200)
                    .build();
            ChatCompletionAccumulator accumulator = ChatCompletionAccumulator.create();
            try (StreamResponse<ChatCompletionChunk> chunks =
                    other.chat().completions().createStreaming(params)) {
                chunks.stream().forEach(accumulator::accumulate);
            }
            for (ChatCompletion completion :
                    List.of(other.chat().completions().create(params), accumulator.chatCompletion())) {
                ChatCompletion.Choice choice = completion.choices().getFirst();
                assertThat(choice.finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.TOOL_CALLS);
                var function = choice.message()
                        .toolCalls()
                        .orElseThrow()
                        .getFirst()
                        .asFunction()
                        .function();
                assertThat(function.name()).isEqualTo("weather");
                assertThat(function.arguments()).isEqualTo("{\"city\": \"Paris\"}");
            }
            other.close();
        }
    }

    @Test
    void completes() {
        assertThat(client.completions()
                        .create(CompletionCreateParams.builder()
                                .model(Api.MODEL)
                                .prompt("public class Stack {")
                                .temperature(0)
                                .maxTokens(8)
                                .build())
                        .choices()
                        .getFirst()
                        .text())
                .isNotEmpty();
    }

    @Test
    void embeds() {
        EmbeddingCreateParams.Builder params =
                EmbeddingCreateParams.builder().model(Api.MODEL).input("a stack of things");
        List<Float> floats = client.embeddings()
                .create(params.encodingFormat(EmbeddingCreateParams.EncodingFormat.FLOAT)
                        .build())
                .data()
                .getFirst()
                .embedding();
        List<Float> base64 = client.embeddings()
                .create(params.encodingFormat(EmbeddingCreateParams.EncodingFormat.BASE64)
                        .build())
                .data()
                .getFirst()
                .embedding();
        assertThat(floats).hasSize(api.model.config().width()).isEqualTo(base64);
    }

    @Test
    void listsModels() {
        assertThat(client.models().list().items())
                .hasSize(1)
                .allSatisfy(model -> assertThat(model.id()).isEqualTo(Api.MODEL));
        assertThat(client.models().retrieve(Api.MODEL).ownedBy()).isEqualTo("demotic");
    }

    @Test
    void tellsOfErrors() {
        assertThatThrownBy(() -> client.chat()
                        .completions()
                        .create(question().temperature(-1).build()))
                .isInstanceOfSatisfying(
                        BadRequestException.class,
                        error -> assertThat(error.param()).hasValue("temperature"));
        assertThatThrownBy(() -> client.chat()
                        .completions()
                        .create(question().model("gpt-9").build()))
                .isInstanceOfSatisfying(
                        NotFoundException.class,
                        error -> assertThat(error.code()).hasValue("model_not_found"));
    }

    private static ResponseCreateParams.Builder response() {
        return ResponseCreateParams.builder()
                .model(Api.MODEL)
                .instructions("You are brief.")
                .input("What is the capital of France?")
                .temperature(0)
                .maxOutputTokens(200);
    }

    private static String text(Response response) {
        return response.output().getFirst().asMessage().content().stream()
                .map(part -> part.asOutputText().text())
                .collect(Collectors.joining());
    }

    @Test
    void responds() {
        Response response = client.responses().create(response().build());
        assertThat(text(response)).isNotEmpty();
        assertThat(response.usage().orElseThrow().outputTokens()).isPositive();

        StringBuilder streamed = new StringBuilder();
        List<ResponseStreamEvent> events;
        try (StreamResponse<ResponseStreamEvent> stream =
                client.responses().createStreaming(response().build())) {
            events = stream.stream().toList();
        }
        events.forEach(event -> event.outputTextDelta().ifPresent(delta -> streamed.append(delta.delta())));
        assertThat(streamed).hasToString(text(response));
        assertThat(events.getFirst().isCreated()).isTrue();
        assertThat(text(events.getLast().asCompleted().response())).isEqualTo(text(response));
    }
}
