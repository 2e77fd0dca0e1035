package dev.demotic.runtime.backend;

import org.jspecify.annotations.Nullable;

/**
 * What happens to the queries, keys and values of a layer.
 *
 * @param shape the attention's shape
 * @param rope turns queries and keys by their positions
 * @param queryNorm over each query head before it is turned, or null
 * @param keyNorm over each key head before it is turned, or null
 */
public record Heads(
        AttentionShape shape,
        RopeTable rope,
        @Nullable Norm queryNorm,
        @Nullable Norm keyNorm) {}
