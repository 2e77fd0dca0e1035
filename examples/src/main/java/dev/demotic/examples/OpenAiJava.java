package dev.demotic.examples;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import java.io.PrintStream;

/** OpenAI's Java client against {@code demotic serve}. The argument is the server's address. */
public final class OpenAiJava {
    private OpenAiJava() {}

    public static void main(String... arguments) {
        run(arguments.length > 0 ? arguments[0] : "http://localhost:8080", System.out);
    }

    static void run(String url, PrintStream out) {
        OpenAIClient client = OpenAIOkHttpClient.builder()
                .baseUrl(url + "/v1")
                .apiKey(System.getenv().getOrDefault("DEMOTIC_API_KEY", "none"))
                .build();
        try {
            ChatCompletionCreateParams question = ChatCompletionCreateParams.builder()
                    .model(client.models().list().items().getFirst().id())
                    .addUserMessage("Write a Java method that adds two numbers.")
                    .temperature(0)
                    .maxCompletionTokens(60)
                    .build();
            try (StreamResponse<ChatCompletionChunk> chunks =
                    client.chat().completions().createStreaming(question)) {
                chunks.stream()
                        .flatMap(chunk -> chunk.choices().stream())
                        .flatMap(choice -> choice.delta().content().stream())
                        .forEach(out::print);
            }
            out.println();
        } finally {
            client.close();
        }
    }
}
