package dev.demotic.runtime.backend;

import dev.demotic.runtime.cache.KvShape;
import dev.demotic.runtime.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A device and the operations that a transformer step is made of.
 *
 * <p>Calls enqueue work in order; {@link #await} returns when all of it is done. One thread drives a backend. Every
 * operation computes a row from that row's own inputs with a fixed order of additions, so that the bits of a row never depend
 * on the company it keeps.
 */
public interface Backend extends AutoCloseable {
    /** One line for people: kernel set, threads, device. */
    String description();

    /** Makes a weight readable for the device. */
    Weights load(Tensor tensor);

    Buffer allocate(int rows, int columns);

    /** Storage for the keys and values of {@code blocks} blocks. */
    KvStore allocateKv(KvShape shape, int blocks);

    /** Waits until everything enqueued so far is done. */
    void await();

    /** out[r] = table[step.token[r]]. */
    void embed(Weights table, Step step, Buffer out);

    void scale(Buffer x, int rows, float factor);

    /** x = 0. */
    void clear(Buffer x, int rows);

    /** RMS norm of each row; {@code x} and {@code out} may be the same. */
    void rmsNorm(Buffer x, int rows, Norm norm, Buffer out);

    /**
     * outs.get(i)[r] = projections.get(i) · norm(x[r]): several matrices that read the same rows.
     *
     * @param norm what the rows go through first, or null
     */
    void project(Buffer x, int rows, @Nullable Norm norm, List<Projection> projections, List<Buffer> outs);

    /**
     * sum[r] += down · gated[r], where gated = activation(gate · norm(x)) * (up · norm(x)) (Shazeer, GLU variants, 2020).
     *
     * @param norm what the rows go through first, or null
     * @param gateAndUp the two matrices, of the same shape
     * @param gatedAndRaised where gated goes, and working memory of the same shape
     * @param sum may be x
     */
    void addGated(
            Activation activation,
            Buffer x,
            int rows,
            @Nullable Norm norm,
            List<Projection> gateAndUp,
            List<Buffer> gatedAndRaised,
            Projection down,
            Buffer sum);

    /**
     * sum[r] += output · attended[r], attention of each row over its own context: norms and rotates queries and keys, writes keys
     * and values into the rows' slots, then attended[r] = softmax(q k^T) v, heads side by side.
     *
     * @param inputs queries, keys and values; the first two are changed in place
     */
    void addAttention(
            KvStore store,
            int layer,
            Step step,
            Heads heads,
            List<Buffer> inputs,
            Buffer attended,
            Projection output,
            Buffer sum);

    /** x += delta. */
    void add(Buffer x, Buffer delta, int rows);

    /** x[rowsOfX[i]] += weights[i] * delta[i]. */
    void addWeighted(Buffer x, int[] rowsOfX, float[] weights, Buffer delta, int rows);

    /** out[i] = x[rowsOfX[i]]. */
    void gather(Buffer x, int[] rowsOfX, int rows, Buffer out);

    /**
     * Copies rows to host memory, each to a target of its own.
     *
     * @return false if one of them holds something that is no number
     */
    boolean read(Buffer x, int rows, MemorySegment[] targets);

    /** x = cap · tanh(x / cap). */
    void softCap(Buffer x, int rows, float cap);

    @Override
    void close();
}
