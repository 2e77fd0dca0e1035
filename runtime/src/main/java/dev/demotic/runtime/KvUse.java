package dev.demotic.runtime;

/**
 * How full a model's KV cache is, in blocks.
 *
 * @param used hold something
 * @param reserved promised to sequences that are open, held ones included
 * @param capacity there are
 */
public record KvUse(int used, int reserved, int capacity) {}
