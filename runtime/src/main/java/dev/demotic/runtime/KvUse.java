package dev.demotic.runtime;

/**
 * How full a model's KV cache is, in blocks.
 *
 * @param used held by sequences that are open
 * @param cached held by none, but kept for prompts that begin as an earlier one did
 * @param reserved promised to sequences that are open, held ones included
 * @param capacity there are
 * @param waiting sequences that wait for room
 */
public record KvUse(int used, int cached, int reserved, int capacity, int waiting) {}
