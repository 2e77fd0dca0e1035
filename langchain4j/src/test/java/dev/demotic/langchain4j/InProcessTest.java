package dev.demotic.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.demotic.decoding.Generation;
import dev.demotic.decoding.Pooling;
import dev.demotic.decoding.Reply;
import dev.demotic.runtime.DemoticException;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatModelStreamingEvent;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.output.FinishReason;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the embedded model itself answers through LangChain4j. */
class InProcessTest {
    private static final String QUESTION = "Write a Java method that adds two numbers.";

    private static DemoticChatModel.Builder chat() {
        return DemoticChatModel.builder().model(TestModel.TARGET).maxOutputTokens(24);
    }

    private static ChatResponse ask(ChatModel model) {
        return model.chat(UserMessage.from(QUESTION));
    }

    @Test
    void answersAsTheEngineDoes() {
        Reply expected = Generation.with(TestModel.TARGET).maxTokens(24).chat(QUESTION);

        ChatResponse response = ask(chat().temperature(0).method("plain").build());

        assertThat(response.aiMessage().text()).isEqualTo(expected.text());
        assertThat(response.tokenUsage().inputTokenCount())
                .isEqualTo(expected.usage().promptTokens());
        assertThat(response.tokenUsage().outputTokenCount())
                .isEqualTo(expected.usage().completionTokens());
        assertThat(response.finishReason()).isEqualTo(FinishReason.STOP);
        assertThat(response.modelName()).isEqualTo("demotic-medium-q8_0");
    }

    @Test
    void draftsChangeNoText() {
        String plain =
                ask(chat().temperature(0).method("plain").build()).aiMessage().text();

        ChatModel drafting = chat().temperature(0)
                .method("draft:tokens=3")
                .draft(TestModel.DRAFT)
                .build();

        assertThat(ask(drafting).aiMessage().text()).isEqualTo(plain);
    }

    @Test
    void sameSeedSameReplyAlsoAmongOthers() {
        ChatModel model = chat().temperature(1).seed(7).build();
        String alone = ask(model).aiMessage().text();

        List<CompletableFuture<ChatResponse>> together = IntStream.range(0, 4)
                .mapToObj(_ -> model.chatAsync(UserMessage.from(QUESTION)))
                .toList();

        assertThat(together)
                .allSatisfy(
                        future -> assertThat(future.join().aiMessage().text()).isEqualTo(alone));
    }

    @Test
    void requestsMayChooseMethodAndSeed() {
        ChatModel model = chat().temperature(1).seed(7).build();
        ChatRequest other = ChatRequest.builder()
                .messages(UserMessage.from(QUESTION))
                .parameters(DemoticChatRequestParameters.builder()
                        .seed(8L)
                        .method("suffix")
                        .build())
                .build();

        assertThat(model.chat(other).aiMessage().text())
                .isEqualTo(
                        ask(chat().temperature(1).seed(8).build()).aiMessage().text())
                .isNotEqualTo(ask(model).aiMessage().text());
    }

    @Test
    void wrongMethodsAreRefusedWhenTheModelIsBuilt() {
        assertThatThrownBy(() -> chat().method("nosuch").build())
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("nosuch");
        assertThatThrownBy(() -> chat().method("draft").build())
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("draft model");
    }

    @Test
    void cancelledFutureFreesItsSequence() {
        DemoticChatModel slow = chat().maxOutputTokens(400)
                .method(CleverDecoding.saying("fox ".repeat(200), 50))
                .build();
        List<CompletableFuture<ChatResponse>> futures = IntStream.range(0, 6)
                .mapToObj(_ -> slow.chatAsync(UserMessage.from("hello")))
                .toList();

        futures.forEach(future -> future.cancel(true));

        assertThat(futures).allMatch(CompletableFuture::isCancelled);
        assertThat(ask(chat().build()).aiMessage().text()).isNotBlank();
    }

    @Test
    void publishesNoFasterThanAsked() throws InterruptedException {
        List<ChatModelStreamingEvent> events = new CopyOnWriteArrayList<>();
        AtomicReference<Flow.Subscription> subscription = new AtomicReference<>();
        CountDownLatch three = new CountDownLatch(3);
        CountDownLatch end = new CountDownLatch(1);
        DemoticStreamingChatModel.builder()
                .model(TestModel.TARGET)
                .method(CleverDecoding.prepared())
                .build()
                .chat(ChatRequest.builder()
                        .messages(UserMessage.from("Say 'Hello World'"))
                        .build())
                .subscribe(new Flow.Subscriber<>() {
                    @Override
                    public void onSubscribe(Flow.Subscription mine) {
                        subscription.set(mine);
                        mine.request(3);
                    }

                    @Override
                    public void onNext(ChatModelStreamingEvent event) {
                        events.add(event);
                        three.countDown();
                    }

                    @Override
                    public void onError(Throwable failure) {
                        events.clear();
                        end.countDown();
                    }

                    @Override
                    public void onComplete() {
                        end.countDown();
                    }
                });
        assertThat(three.await(120, TimeUnit.SECONDS)).isTrue();
        assertThat(events).hasSize(3).allMatch(PartialResponse.class::isInstance);

        subscription.get().request(Long.MAX_VALUE);

        assertThat(end.await(120, TimeUnit.SECONDS)).isTrue();
        assertThat(events).hasSizeGreaterThan(4);
    }

    @Test
    void embeddingsHaveLengthOneAndDependOnNoOther() {
        DemoticEmbeddingModel model =
                DemoticEmbeddingModel.builder().model(TestModel.TARGET).build();

        float[] alone = model.embed("A cat sat on the mat.").content().vector();
        float[] other = DemoticEmbeddingModel.builder()
                .model(TestModel.TARGET)
                .pooling(Pooling.LAST)
                .build()
                .embed("A cat sat on the mat.")
                .content()
                .vector();

        double squares = IntStream.range(0, alone.length)
                .mapToDouble(i -> alone[i] * alone[i])
                .sum();
        assertThat(squares).isCloseTo(1, within(1e-5));
        assertThat(alone).isNotEqualTo(other);
        assertThat(model.embedAll(List.of(
                                TextSegment.from("Another text, and a longer one."),
                                TextSegment.from("A cat sat on the mat.")))
                        .content()
                        .get(1)
                        .vector())
                .isEqualTo(alone);
    }
}
