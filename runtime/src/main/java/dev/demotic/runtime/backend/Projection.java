package dev.demotic.runtime.backend;

import org.jspecify.annotations.Nullable;

/** A matrix with an optional bias: x becomes weights · x + bias. */
public record Projection(Weights weights, @Nullable Weights bias) {}
