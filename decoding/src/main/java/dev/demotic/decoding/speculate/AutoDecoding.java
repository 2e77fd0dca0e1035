package dev.demotic.decoding.speculate;

import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.Sequence;
import java.util.Optional;

/**
 * Speculative decoding that chooses what to draft by and how much, round by round, so that it is not slower than plain decoding.
 *
 * <p>{@link AutoController} says how. Drafts are point masses and tokens are drawn as plain decoding draws them, so the text of a seed
 * is that of plain decoding, whatever was chosen and however long it took. What it learns about models and machine lasts from
 * reply to reply; it serves any number of replies at once.
 */
public final class AutoDecoding implements DecodingMethod {
    private final AutoDrafter drafter;
    private final int tokens;

    private AutoDecoding(AutoDrafter drafter, int tokens) {
        this.drafter = drafter;
        this.tokens = tokens;
    }

    /**
     * Sets it up for a target.
     *
     * @param draft a smaller model, of the same vocabulary or another one; stays the caller's to close
     * @param tokens the most that a draft may have in a row
     * @throws dev.demotic.runtime.DemoticException if the draft model cannot draft for the target
     */
    public static AutoDecoding of(LanguageModel target, Optional<LanguageModel> draft, int tokens) {
        return new AutoDecoding(new AutoDrafter(target, draft), tokens);
    }

    @Override
    public String name() {
        return "auto";
    }

    @Override
    public void decode(Sequence sequence, int[] prompt, Sampler sampler, Sink sink) {
        new SpeculativeDecoding(drafter, new SampleAndMatch(), DraftLength.fixed(tokens))
                .decode(sequence, prompt, sampler, sink);
    }
}
