package dev.demotic.server;

import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;

/** Says the first token of a text, and the rest when the gate opens. */
record Pausing(Tokenizer tokenizer, String text, CountDownLatch gate) implements DecodingMethod {
    @Override
    public String name() {
        return "pausing";
    }

    @Override
    public void decode(Sequence sequence, int[] prompt, Sampler sampler, Sink sink) {
        Outputs outputs = sequence.append(prompt);
        for (int token : tokenizer.encode(text)) {
            sampler.history().add(token);
            if (!sink.accept(token, outputs.logits(outputs.last()))) {
                return;
            }
            try {
                gate.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CancellationException("interrupted");
            }
            outputs = sequence.append(token);
        }
    }
}
