package dev.demotic.bench;

import java.util.List;
import java.util.OptionalDouble;

/**
 * How fast a model runs here. All figures are medians over rounds in which everything was measured in turn.
 *
 * @param kernels device, kernels and threads in use
 * @param model the model's file or folder
 * @param bandwidth bytes a second that the same threads read from a buffer as large as the weights
 * @param int8Operations operations a second of 8-bit dot products on registers; empty without native kernels
 * @param floatOperations operations a second of fused multiply-adds of floats on registers
 * @param peak which of the two the shares of the peak refer to
 * @param rows passes of 1, 2, 3 ... tokens that share one context, with logits for each, as when drafts are verified
 * @param sequences sequences that decode at the same time
 */
public record SpeedReport(
        Machine machine,
        String kernels,
        String model,
        double bandwidth,
        OptionalDouble int8Operations,
        double floatOperations,
        Peak peak,
        Decode decode,
        List<Rows> rows,
        List<Prompt> prompt,
        List<Sequences> sequences) {
    /** The arithmetic that a model's products are held against. */
    public enum Peak {
        /** 8-bit dot products, for quantized weights. */
        INT8,
        /** Fused multiply-adds of floats, for float weights, and for all without native kernels. */
        FLOAT
    }

    /**
     * One token after the other.
     *
     * @param bandwidthShare weights read a second, as a share of the bandwidth
     * @param peakShare operations of the matrix products a second, as a share of the peak
     * @param allocatedBytes that the calling thread and the engine's threads take from the Java heap for each token; empty where
     *     the JVM does not count
     */
    public record Decode(
            double tokensPerSecond, double bandwidthShare, double peakShare, OptionalDouble allocatedBytes) {}

    /**
     * A pass of several rows.
     *
     * @param costRatio its time over that of a pass with one row
     * @param bandwidthShare weights over its time, as a share of the bandwidth
     * @param peakShare operations of the matrix products a second, as a share of the peak
     */
    public record Rows(
            int rows,
            double secondsPerPass,
            double rowsPerSecond,
            double costRatio,
            double bandwidthShare,
            double peakShare) {}

    /**
     * A prompt read at once.
     *
     * @param bandwidthShare weights over its time, as a share of the bandwidth; they are read again for each 512 tokens
     * @param peakShare operations of the matrix products a second, as a share of the peak
     */
    public record Prompt(int tokens, double tokensPerSecond, double bandwidthShare, double peakShare) {}

    /**
     * Sequences that decode at the same time.
     *
     * @param tokensPerSecond of all of them together, after their prompts
     */
    public record Sequences(int sequences, double tokensPerSecond) {}
}
