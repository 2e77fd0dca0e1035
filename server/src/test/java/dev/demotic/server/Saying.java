package dev.demotic.server;

import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CancellationException;

/**
 * Runs the model's passes, but takes the tokens of a prepared text: for tests of what happens to text, whatever a model says.
 *
 * @param text in the model's own markup
 * @param millis between tokens
 */
record Saying(Tokenizer tokenizer, String text, int millis) implements DecodingMethod {
    @Override
    public String name() {
        return "saying";
    }

    @Override
    public void decode(Sequence sequence, int[] prompt, Sampler sampler, Sink sink) {
        Outputs outputs = sequence.append(prompt);
        for (int token : tokenizer.encodeWithSpecials(text + "<|im_end|>")) {
            try {
                Thread.sleep(millis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CancellationException("interrupted");
            }
            MemorySegment logits = outputs.logits(outputs.last());
            sampler.history().add(token);
            if (!sink.accept(token, logits) || sequence.length() == sequence.capacity()) {
                return;
            }
            outputs = sequence.append(token);
        }
    }
}
