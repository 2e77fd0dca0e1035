package dev.demotic.runtime.backend;

import dev.demotic.runtime.cache.KvShape;
import dev.demotic.runtime.tensor.Tensor;
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

    /**
     * RMS norm with weights, over each of {@code groups} equal parts of a row: 1 for a layer's norm, the number of heads for
     * query and key norms. {@code x} and {@code out} may be the same.
     */
    void rmsNorm(Buffer x, int rows, int groups, Weights weight, float epsilon, Buffer out);

    /** out[r] = weights · x[r] (+ bias). */
    void multiply(Weights weights, @Nullable Weights bias, Buffer x, int rows, Buffer out);

    /**
     * Rotary embedding of {@code heads} heads in place.
     *
     * @param table cosines and sines of each row's position, as {@link RopeTable} has them
     */
    void rotate(Buffer x, int rows, int heads, RopeTable table);

    /** Writes the rows' keys and values of {@code layer} into their slots. */
    void store(KvStore store, int layer, Step step, Buffer keys, Buffer values);

    /** Attention of each row over its own context: out[r] = softmax(q k^T) v, heads side by side. */
    void attend(KvStore store, int layer, Step step, Buffer queries, AttentionShape shape, Buffer out);

    /** gate = activation(gate) * up. */
    void gate(Activation activation, Buffer gate, Buffer up, int rows);

    /** x += delta. */
    void add(Buffer x, Buffer delta, int rows);

    /** x[rowsOfX[i]] += weights[i] * delta[i]. */
    void addWeighted(Buffer x, int[] rowsOfX, float[] weights, Buffer delta, int rows);

    /** out[i] = x[rowsOfX[i]]. */
    void gather(Buffer x, int[] rowsOfX, int rows, Buffer out);

    /** Copies {@code columns} columns of {@code x} from column {@code from} on. */
    void columns(Buffer x, int from, int rows, Buffer out);

    /** x = cap · tanh(x / cap). */
    void softCap(Buffer x, int rows, float cap);

    @Override
    void close();
}
