package dev.demotic.decoding.speculate;

/** Turns a draft in the draft model's tokens into one in the target's. Safe for use by many threads. */
interface Translator {
    /** The target's tokens for a draft, as far as it can be told. */
    int[] translate(int[] draft);

    /** Told of every token that the target emits. */
    default void learn(int token) {}
}
