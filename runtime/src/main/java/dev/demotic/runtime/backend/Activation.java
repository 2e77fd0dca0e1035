package dev.demotic.runtime.backend;

/** The gate of a gated feed-forward layer. */
public enum Activation {
    /** x · sigmoid(x). */
    SILU,
    /** GELU with the tanh approximation (Hendrycks and Gimpel, 2016). */
    GELU_TANH
}
