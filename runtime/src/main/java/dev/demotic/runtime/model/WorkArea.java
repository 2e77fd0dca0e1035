package dev.demotic.runtime.model;

import dev.demotic.runtime.format.Metadata;
import dev.demotic.runtime.format.ModelSource;

/**
 * The widths of the buffers that a step of a model needs.
 *
 * @param width floats of a hidden state
 * @param queryWidth floats of all query heads
 * @param keyWidth floats of all key heads
 * @param hiddenWidth floats inside a feed-forward layer
 * @param vocabulary logits
 * @param experts experts of a layer, or 0
 */
record WorkArea(int width, int queryWidth, int keyWidth, int hiddenWidth, int vocabulary, int experts) {
    static WorkArea of(ModelSource source, ModelConfig config) {
        Metadata metadata = source.metadata();
        String arch = config.architecture();
        return new WorkArea(
                config.width(),
                config.heads() * config.headDimension(),
                config.kvHeads() * config.headDimension(),
                Math.max(
                        metadata.integer(arch + ".feed_forward_length"),
                        metadata.integer(arch + ".expert_feed_forward_length", 0)),
                config.vocabulary(),
                metadata.integer(arch + ".expert_count", 0));
    }

    /** Bytes for steps of {@code rows} rows that compute {@code logits} rows of logits at once. */
    long bytes(int rows, int logits) {
        long floatsOfRow = 3L * width + 2L * queryWidth + 2L * keyWidth + 2L * hiddenWidth;
        long floatsOfExperts = experts == 0 ? 0 : 2L * width + 2L * experts;
        // A backend keeps the rows that products are about to read in the forms that their weights want: about as much
        // as two buffers.
        long prepared = 2L * Math.max(Math.max(width, queryWidth), hiddenWidth);
        return 4 * (rows * (floatsOfRow + floatsOfExperts + prepared) + logits * ((long) width + vocabulary));
    }
}
