package dev.demotic.bench;

import java.util.List;

/**
 * How fast a model runs here. All times are medians of repeated runs after a warm-up.
 *
 * @param kernels device, kernels and threads in use
 * @param model the model's file or folder
 * @param bandwidth bytes a second that the same threads read from memory, measured in the same run
 * @param rows passes of 1, 2, 3 ... tokens that share one context, as when drafts are verified
 */
public record SpeedReport(
        Machine machine,
        String kernels,
        String model,
        double bandwidth,
        Decode decode,
        List<Rows> rows,
        List<Prompt> prompt) {
    /**
     * One token after the other.
     *
     * @param bandwidthShare weights read a second, as a share of the bandwidth
     */
    public record Decode(double tokensPerSecond, double bandwidthShare) {}

    /**
     * A pass of several rows.
     *
     * @param costRatio its time over that of a pass with one row
     */
    public record Rows(int rows, double secondsPerPass, double rowsPerSecond, double costRatio) {}

    /**
     * A prompt read at once.
     *
     * @param peakShare operations of the matrix products a second, as a share of the measured peak of fused multiply-adds
     */
    public record Prompt(int tokens, double tokensPerSecond, double peakShare) {}
}
