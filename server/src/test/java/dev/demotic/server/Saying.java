package dev.demotic.server;

import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.util.concurrent.CancellationException;

/**
 * Runs the model's passes, but takes the tokens of a prepared text: for tests of what happens to text, whatever a model says.
 *
 * @param text in the model's own markup
 * @param pause after each token
 */
record Saying(Tokenizer tokenizer, String text, Pause pause) implements DecodingMethod {
    /** Holds a reply up. */
    interface Pause {
        void await() throws InterruptedException;
    }

    /** With so many milliseconds after each token. */
    Saying(Tokenizer tokenizer, String text, int millis) {
        this(tokenizer, text, () -> Thread.sleep(millis));
    }

    @Override
    public String name() {
        return "saying";
    }

    @Override
    public void decode(Sequence sequence, int[] prompt, Sampler sampler, Sink sink) {
        Outputs outputs = sequence.append(prompt);
        for (int token : tokenizer.encodeWithSpecials(text + "<|im_end|>")) {
            sampler.history().add(token);
            if (!sink.accept(token, outputs.logits(outputs.last())) || sequence.length() == sequence.capacity()) {
                return;
            }
            try {
                pause.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CancellationException("interrupted");
            }
            outputs = sequence.append(token);
        }
    }
}
