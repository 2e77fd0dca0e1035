package dev.demotic.runtime;

/**
 * What the batcher has done so far.
 *
 * @param steps steps through the model
 * @param passes passes of sequences in all steps together, or parts of passes that take several steps
 * @param rows rows in all steps together; rows / steps is the mean batch
 */
public record BatchStatistics(long steps, long passes, long rows) {}
