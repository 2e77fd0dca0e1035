package dev.demotic.runtime.backend;

/**
 * An RMS norm (Zhang and Sennrich, 2019): x / rms(x) · gains.
 *
 * @param gains a vector as long as what is normed
 * @param epsilon added to the mean square
 */
public record Norm(Weights gains, float epsilon) {}
