package dev.demotic.runtime.batch;

/**
 * What the batcher has done so far.
 *
 * @param steps steps through the model
 * @param rows rows in all steps together; rows / steps is the mean batch
 */
public record BatchStatistics(long steps, long rows) {}
