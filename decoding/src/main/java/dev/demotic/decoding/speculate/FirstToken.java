package dev.demotic.decoding.speculate;

import dev.demotic.decoding.DecodingMethod.Sink;
import dev.demotic.decoding.DraftRound;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Sequence;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

/**
 * A reply's first token, which the target draws from what it says to the prompt; drafts can only follow it.
 *
 * @param token which is pending then
 * @param prompt what the pass over the prompt gave
 * @param isLast whether the reply ends with it
 */
record FirstToken(int token, Outputs prompt, boolean isLast) {
    /**
     * Emits it.
     *
     * @param read evaluates the prompt, a chain
     */
    static FirstToken emit(Sequence sequence, Sampler sampler, Sink sink, Supplier<Outputs> read) {
        long start = System.nanoTime();
        Outputs prompt = read.get();
        sequence.acceptPathTo(prompt.last());
        MemorySegment logits = prompt.logits(prompt.last());
        int token = sampler.next(logits);
        boolean goesOn = sink.accept(token, logits);
        if (sink.wantsDrafts()) {
            sink.drafted(DraftRound.undrafted(token, (System.nanoTime() - start) / 1e9));
        }
        return new FirstToken(token, prompt, !goesOn || sequence.length() == sequence.capacity());
    }
}
