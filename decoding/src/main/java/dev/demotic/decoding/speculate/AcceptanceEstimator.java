package dev.demotic.decoding.speculate;

/**
 * Estimates while a draft grows how likely the target is to accept it.
 *
 * <p>The place for the acceptance head of {@link SpecDecPlusPlus}: a head reads {@link DraftStep#hidden}. It may know only what the
 * drafter has drawn and kept, and what became of earlier rounds of the same reply, so that the text stays exact and a seed's
 * text its own.
 */
public interface AcceptanceEstimator {
    /**
     * The chance, from 0 to 1, that a drafted token is accepted if those before it are.
     *
     * @param step the newest token; the chance is that token's, or that of the one before it for an estimator which looks at what
     *     the draft model made of a token when reading it, and 1 if there is none before it
     */
    double chance(DraftStep step);

    /** Whether it looks at hidden states. */
    default boolean readsHidden() {
        return false;
    }

    /**
     * Told what became of a token of the last draft, from the first on as far as they were tested.
     *
     * @param depth of the token, 1 for the first
     */
    default void tested(int depth, boolean isAccepted) {}

    /** An estimator for one reply; itself if it learns nothing. */
    default AcceptanceEstimator forReply() {
        return this;
    }
}
