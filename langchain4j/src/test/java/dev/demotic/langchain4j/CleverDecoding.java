package dev.demotic.langchain4j;

import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;

/**
 * Stands in for a clever model: runs the passes of the one there is, but takes the tokens of answers that are prepared for
 * the conformance tests' questions. So these tests show what they are meant to show, which is not what a model knows: that
 * messages reach the prompt, and that text, limits, stop strings and cancelling come out right.
 *
 * @param millis between tokens
 */
record CleverDecoding(Tokenizer tokenizer, List<Answer> answers, int millis) implements DecodingMethod {
    /**
     * @param fragments what the prompt must hold
     * @param text the answer, in the model's own markup
     */
    record Answer(List<String> fragments, String text) {}

    /** The questions of LangChain4j's tests; the first that fits counts. */
    static final List<Answer> PREPARED = List.of(
            new Answer(List.of("How much is 2 + 2?"), "The capital of Germany is Berlin, and 2 + 2 makes 4."),
            new Answer(List.of("capital of Germany"), "The capital of Germany is Berlin."),
            new Answer(List.of("Translate messages from user into German", "I love you"), "Ich liebe dich."),
            new Answer(
                    List.of("my favorite color is green", "nice to meet you", "What is my favorite color?"),
                    "Your favorite color is green."),
            new Answer(List.of("Say 'Hello World'"), "Hello World, and good day."),
            new Answer(List.of("Tell me a long story"), "Once upon a time there was a fox. ".repeat(100)),
            new Answer(List.of("hello"), "Hello, how can I help you today?"));

    static CleverDecoding prepared() {
        return new CleverDecoding(TestModel.TARGET.tokenizer(), PREPARED, 0);
    }

    /** One that gives this answer to everything. */
    static CleverDecoding saying(String text, int millis) {
        return new CleverDecoding(TestModel.TARGET.tokenizer(), List.of(new Answer(List.of(), text)), millis);
    }

    @Override
    public String name() {
        return "clever";
    }

    @Override
    public void decode(Sequence sequence, int[] prompt, Sampler sampler, Sink sink) {
        Outputs outputs = sequence.append(prompt);
        for (int token : answer(sampler.history())) {
            pause();
            MemorySegment logits = outputs.logits(outputs.last());
            sampler.history().add(token);
            if (!sink.accept(token, logits)) {
                return;
            }
            outputs = sequence.append(token);
        }
    }

    private int[] answer(TokenHistory history) {
        String prompt = tokenizer.decode(
                IntStream.range(0, history.size()).map(history::token).toArray());
        String text = answers.stream()
                .filter(answer -> answer.fragments().stream().allMatch(prompt::contains))
                .findFirst()
                .orElseThrow(() -> new DemoticException("no answer is prepared for: " + prompt))
                .text();
        return tokenizer.encodeWithSpecials(text + "<|im_end|>");
    }

    private void pause() {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new CancellationException("interrupted");
        }
    }
}
