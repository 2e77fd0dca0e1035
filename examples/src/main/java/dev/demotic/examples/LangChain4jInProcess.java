package dev.demotic.examples;

import dev.demotic.langchain4j.DemoticChatModel;
import dev.demotic.langchain4j.DemoticEmbeddingModel;
import dev.demotic.langchain4j.DemoticStreamingChatModel;
import dev.demotic.models.EmbeddedModel;
import dev.demotic.runtime.LanguageModel;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.store.embedding.CosineSimilarity;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/**
 * LangChain4j on a model in the same process: an answer, an answer as it comes, and how alike texts are. The argument names a
 * model; without one, it is the embedded one.
 */
public final class LangChain4jInProcess {
    private LangChain4jInProcess() {}

    public static void main(String... arguments) throws IOException {
        Path path = arguments.length > 0 ? Path.of(arguments[0]) : EmbeddedModel.path();
        try (LanguageModel model = LanguageModel.open(path)) {
            run(model, System.out);
        }
    }

    static void run(LanguageModel model, PrintStream out) {
        ChatModel chat = DemoticChatModel.builder()
                .model(model)
                .temperature(0)
                .maxOutputTokens(60)
                .build();
        out.println(chat.chat("Write a Java method that adds two numbers."));

        StreamingChatModel streaming = DemoticStreamingChatModel.builder()
                .model(model)
                .seed(1)
                .maxOutputTokens(60)
                .build();
        CompletableFuture<ChatResponse> end = new CompletableFuture<>();
        streaming.chat("What is a mutex?", new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String text) {
                out.print(text);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                end.complete(response);
            }

            @Override
            public void onError(Throwable failure) {
                end.completeExceptionally(failure);
            }
        });
        out.printf("%n(%d tokens)%n", end.join().tokenUsage().outputTokenCount());

        EmbeddingModel embeddings = DemoticEmbeddingModel.builder().model(model).build();
        Embedding lock = embeddings.embed("A lock guards shared state.").content();
        for (String text : new String[] {"Mutexes protect shared data.", "The cake needs three eggs."}) {
            out.printf(
                    "%.2f %s%n",
                    CosineSimilarity.between(lock, embeddings.embed(text).content()), text);
        }
    }
}
