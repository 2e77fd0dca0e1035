package dev.demotic.runtime;

/**
 * The step that a pass was part of.
 *
 * @param nanos what it took to compute; 0 if there was none yet
 * @param rows of all passes in it
 * @param decodingRows of the short ones among these, which are no chunks of prompts
 * @param decodingSequences that these were for
 * @param began when it began to compute, as {@link System#nanoTime} tells it
 */
public record StepTiming(long nanos, int rows, int decodingRows, int decodingSequences, long began) {
    static final StepTiming NONE = new StepTiming(0, 0, 0, 0, 0);
}
