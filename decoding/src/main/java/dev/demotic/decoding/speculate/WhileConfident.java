package dev.demotic.decoding.speculate;

import dev.demotic.runtime.DemoticException;

/**
 * Drafts until a token comes that the draft model itself holds for unlikely; that one is the draft's last.
 *
 * <p>The stopping rule of H. Xia et al., "SWIFT", ICLR 2025, arXiv 2410.06916, after J. Zhang et al., "Draft &amp; Verify", ACL 2024, arXiv
 * 2309.08168.
 *
 * @param limit the most tokens of a draft
 * @param least the probability, without temperature, below which a token is unlikely
 */
public record WhileConfident(int limit, double least) implements DraftLength {
    public WhileConfident {
        if (limit < 0 || !(least >= 0 && least <= 1)) {
            throw new DemoticException(
                    "a draft of at most %d tokens that stops below a probability of %s; take 0 tokens or more, and a probability from 0 to 1"
                            .formatted(limit, least));
        }
    }

    @Override
    public boolean goesOn(DraftStep step) {
        return step.probability() >= least;
    }
}
