package dev.demotic.runtime.backend.cpu;

import static dev.demotic.runtime.cache.KvShape.BLOCK;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.runtime.backend.Activation;
import dev.demotic.runtime.backend.AttentionShape;
import dev.demotic.runtime.backend.Backend;
import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.KvStore;
import dev.demotic.runtime.backend.RopeTable;
import dev.demotic.runtime.backend.Step;
import dev.demotic.runtime.backend.Weights;
import dev.demotic.runtime.cache.KvShape;
import dev.demotic.runtime.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Computes on the processor: splits each operation into parts and has a {@link ThreadTeam} run a {@link Kernels} set on them.
 *
 * <p>Parts are cut along outputs (weight rows, heads, activation rows), never along a sum.
 */
public final class CpuBackend implements Backend {
    /** Parts of an operation for each thread: enough to even out a thread that was held up. */
    private static final int PARTS_A_THREAD = 4;

    private final Kernels kernels;
    private final ThreadTeam team;
    private final Arena arena = Arena.ofShared();
    private final Scratch[] scratch;

    /**
     * @param threads compute threads, the caller included
     * @param kernelSet a set's name, or empty for the best that runs here
     * @throws dev.demotic.runtime.DemoticException if there is no such set here
     */
    public CpuBackend(int threads, String kernelSet) {
        kernels = KernelSets.choose(kernelSet);
        team = new ThreadTeam(threads);
        scratch = new Scratch[threads];
        for (int i = 0; i < threads; i++) {
            scratch[i] = new Scratch();
        }
    }

    @Override
    public String description() {
        return "CPU, " + KernelSets.describe(kernels) + ", " + team.size()
                + (team.size() == 1 ? " thread" : " threads");
    }

    @Override
    public Weights load(Tensor tensor) {
        return new CpuWeights(
                tensor.type(), Math.toIntExact(tensor.rows()), Math.toIntExact(tensor.columns()), tensor.data());
    }

    @Override
    public Buffer allocate(int rows, int columns) {
        return new Buffer(NativeMemory.reserve(4L * rows * columns, arena), rows, columns);
    }

    @Override
    public KvStore allocateKv(KvShape shape, int blocks) {
        return new CpuKvStore(shape, blocks);
    }

    /** Every operation has ended when its call returns. */
    @Override
    public void await() {}

    @Override
    public void embed(Weights table, Step step, Buffer out) {
        CpuWeights weights = (CpuWeights) table;
        team.run(step.rows, (row, worker) -> {
            float[] values = scratch[worker].tile(weights.columns());
            weights.unpack(kernels, step.token[row], values, 0);
            MemorySegment.copy(values, 0, out.memory(), JAVA_FLOAT, row * out.stride(), weights.columns());
        });
    }

    @Override
    public void scale(Buffer x, int rows, float factor) {
        for (long i = 0; i < (long) rows * x.columns(); i++) {
            x.memory().setAtIndex(JAVA_FLOAT, i, x.memory().getAtIndex(JAVA_FLOAT, i) * factor);
        }
    }

    @Override
    public void clear(Buffer x, int rows) {
        x.memory().asSlice(0, rows * x.stride()).fill((byte) 0);
    }

    @Override
    public void rmsNorm(Buffer x, int rows, int groups, Weights weight, float epsilon, Buffer out) {
        int n = x.columns() / groups;
        float[] gains = scratch[0].tile(n);
        ((CpuWeights) weight).unpack(kernels, 0, gains, 0);
        team.run(rows, (row, worker) -> {
            for (int group = 0; group < groups; group++) {
                long within = 4L * group * n;
                kernels.rmsNorm(
                        x.memory(),
                        row * x.stride() + within,
                        gains,
                        n,
                        epsilon,
                        out.memory(),
                        row * out.stride() + within);
            }
        });
    }

    @Override
    public void multiply(Weights weights, @Nullable Weights bias, Buffer x, int rows, Buffer out) {
        CpuWeights matrix = (CpuWeights) weights;
        int tiles = (matrix.rows() + Kernels.TILE - 1) / Kernels.TILE;
        int parts = Math.min(tiles, team.size() * PARTS_A_THREAD);
        team.run(parts, (part, worker) -> {
            int end = (int) ((long) tiles * (part + 1) / parts);
            for (int tile = (int) ((long) tiles * part / parts); tile < end; tile++) {
                multiplyTile(matrix, tile * Kernels.TILE, x, rows, out, scratch[worker]);
            }
        });
        if (bias != null) {
            addBias((CpuWeights) bias, rows, out);
        }
    }

    private void multiplyTile(CpuWeights matrix, int first, Buffer x, int rows, Buffer out, Scratch own) {
        int columns = matrix.columns();
        int count = Math.min(Kernels.TILE, matrix.rows() - first);
        float[] tile = own.tile(Kernels.TILE * columns);
        for (int i = 0; i < count; i++) {
            matrix.unpack(kernels, first + i, tile, i * columns);
        }
        kernels.multiply(tile, count, columns, x.memory(), rows, out.memory(), 4L * first, out.stride());
    }

    private void addBias(CpuWeights bias, int rows, Buffer out) {
        float[] values = scratch[0].tile(bias.columns());
        bias.unpack(kernels, 0, values, 0);
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < bias.columns(); i++) {
                long at = row * out.stride() + 4L * i;
                out.memory().set(JAVA_FLOAT, at, out.memory().get(JAVA_FLOAT, at) + values[i]);
            }
        }
    }

    @Override
    public void rotate(Buffer x, int rows, int heads, RopeTable table) {
        int dimension = x.columns() / heads;
        int pairs = table.pairs();
        long toPartner = table.interleaved() ? 4 : 4L * pairs;
        long toNext = table.interleaved() ? 8 : 4;
        float[] cosines = table.cosines();
        float[] sines = table.sines();
        MemorySegment memory = x.memory();
        team.run(rows, (row, worker) -> {
            for (int head = 0; head < heads; head++) {
                long at = row * x.stride() + 4L * head * dimension;
                for (int i = 0; i < pairs; i++, at += toNext) {
                    float cosine = cosines[row * pairs + i];
                    float sine = sines[row * pairs + i];
                    float a = memory.get(JAVA_FLOAT, at);
                    float b = memory.get(JAVA_FLOAT, at + toPartner);
                    memory.set(JAVA_FLOAT, at, a * cosine - b * sine);
                    memory.set(JAVA_FLOAT, at + toPartner, b * cosine + a * sine);
                }
            }
        });
    }

    @Override
    public void store(KvStore store, int layer, Step step, Buffer keys, Buffer values) {
        CpuKvStore kv = (CpuKvStore) store;
        team.run(step.rows, (row, worker) -> {
            int slot = step.slot[row];
            kv.write(step.context(row).block(slot), slot % BLOCK, layer, keys, values, row);
        });
    }

    @Override
    public void attend(KvStore store, int layer, Step step, Buffer queries, AttentionShape shape, Buffer out) {
        Attention attention = new Attention(kernels, (CpuKvStore) store, layer, step, queries, shape, out);
        team.run(
                step.rows * shape.kvHeads(),
                (part, worker) -> attention.run(part / shape.kvHeads(), part % shape.kvHeads(), scratch[worker]));
    }

    @Override
    public void gate(Activation activation, Buffer gate, Buffer up, int rows) {
        team.run(
                rows,
                (row, worker) ->
                        kernels.gate(activation, gate.memory(), up.memory(), row * gate.stride(), gate.columns()));
    }

    @Override
    public void add(Buffer x, Buffer delta, int rows) {
        team.run(
                rows,
                (row, worker) -> kernels.add(
                        x.memory(), row * x.stride(), delta.memory(), row * delta.stride(), 1, x.columns()));
    }

    @Override
    public void addWeighted(Buffer x, int[] rowsOfX, float[] weights, Buffer delta, int rows) {
        for (int i = 0; i < rows; i++) {
            kernels.add(
                    x.memory(), rowsOfX[i] * x.stride(), delta.memory(), i * delta.stride(), weights[i], x.columns());
        }
    }

    @Override
    public void gather(Buffer x, int[] rowsOfX, int rows, Buffer out) {
        for (int i = 0; i < rows; i++) {
            MemorySegment.copy(x.memory(), rowsOfX[i] * x.stride(), out.memory(), i * out.stride(), x.stride());
        }
    }

    @Override
    public void columns(Buffer x, int from, int rows, Buffer out) {
        for (int row = 0; row < rows; row++) {
            MemorySegment.copy(
                    x.memory(), row * x.stride() + 4L * from, out.memory(), row * out.stride(), out.stride());
        }
    }

    @Override
    public void softCap(Buffer x, int rows, float cap) {
        team.run(rows, (row, worker) -> {
            for (int i = 0; i < x.columns(); i++) {
                long at = row * x.stride() + 4L * i;
                float value = x.memory().get(JAVA_FLOAT, at);
                x.memory().set(JAVA_FLOAT, at, (float) (cap * Math.tanh(value / cap)));
            }
        });
    }

    @Override
    public void close() {
        team.close();
        arena.close();
    }
}
