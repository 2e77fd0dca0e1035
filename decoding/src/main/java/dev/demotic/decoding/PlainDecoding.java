package dev.demotic.decoding;

import dev.demotic.decoding.sample.Sampler;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Sequence;
import java.lang.foreign.MemorySegment;

/** One token a pass: what every other method is measured against. */
public final class PlainDecoding implements DecodingMethod {
    @Override
    public String name() {
        return "plain";
    }

    @Override
    public void decode(Sequence sequence, int[] prompt, Sampler sampler, Sink sink) {
        long start = System.nanoTime();
        Outputs outputs = sequence.append(prompt);
        while (true) {
            MemorySegment logits = outputs.logits(outputs.last());
            int token = sampler.next(logits);
            boolean goesOn = sink.accept(token, logits);
            if (sink.wantsDrafts()) {
                sink.drafted(DraftRound.undrafted(token, (System.nanoTime() - start) / 1e9));
            }
            if (!goesOn || sequence.length() == sequence.capacity()) {
                return;
            }
            start = System.nanoTime();
            outputs = sequence.append(token);
        }
    }
}
