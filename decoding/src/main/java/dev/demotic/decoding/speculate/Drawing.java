package dev.demotic.decoding.speculate;

/** How the children of a draft node came to be: what an exact test of them must know. */
public enum Drawing {
    /** Chosen by any deterministic rule: the top-k of a model, the text after an earlier match. */
    POINT_MASS,
    /** Independent draws from the node's draft distribution; siblings may be equal. */
    WITH_REPLACEMENT,
    /**
     * Each drawn from the node's draft distribution without those drawn before it. A single draw is the same with and without
     * replacement, and goes by this name.
     */
    WITHOUT_REPLACEMENT
}
