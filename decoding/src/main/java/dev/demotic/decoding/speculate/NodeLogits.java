package dev.demotic.decoding.speculate;

import java.lang.foreign.MemorySegment;

/** Logits by node: what a model puts out after each node of a tree. */
@FunctionalInterface
public interface NodeLogits {
    /** One float for each token of the model's vocabulary; holds until the next call. */
    MemorySegment after(int node);
}
