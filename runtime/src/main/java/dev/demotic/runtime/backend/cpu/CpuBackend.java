package dev.demotic.runtime.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.runtime.backend.Activation;
import dev.demotic.runtime.backend.Backend;
import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.Heads;
import dev.demotic.runtime.backend.KvStore;
import dev.demotic.runtime.backend.Norm;
import dev.demotic.runtime.backend.Projection;
import dev.demotic.runtime.backend.Step;
import dev.demotic.runtime.backend.Weights;
import dev.demotic.runtime.cache.KvShape;
import dev.demotic.runtime.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Computes on the processor: splits each operation into parts and has a {@link ThreadTeam} run a set of {@link Kernels} on them.
 *
 * <p>Parts are cut along outputs (weight rows, heads, activation rows), never along a sum.
 */
public final class CpuBackend implements Backend {
    private static final int PAGE = 4096;
    private static final int LINE = 64;

    private final String asked;
    private final Kernels kernels;
    private final ThreadTeam team;
    private final boolean ownsTeam;
    private final Arena arena = Arena.ofShared();
    private final Scratch[] scratch;
    private final Projections projections;
    private final Attention attention;
    private final Reading reading = new Reading();

    /**
     * Threads of its own run where the operating system puts them.
     *
     * @param threads compute threads, the caller included
     * @param kernelSet a set's name, or empty for the best that runs here
     * @throws dev.demotic.runtime.DemoticException if there is no such set here
     */
    public CpuBackend(int threads, String kernelSet) {
        this(() -> new ThreadTeam(threads), true, kernelSet);
    }

    /**
     * One whose threads keep to a core each.
     *
     * @param firstCore the first thread's, from 0
     * @throws dev.demotic.runtime.DemoticException if there is no such set here, or threads cannot be pinned
     */
    public static CpuBackend pinned(int threads, String kernelSet, int firstCore) {
        return new CpuBackend(() -> new ThreadTeam(threads, Placement.pinned(firstCore)), true, kernelSet);
    }

    /**
     * One of several that never compute at the same time: they share their threads, so that those of one model do not wait for work on
     * cores that the other computes on.
     *
     * @throws dev.demotic.runtime.DemoticException if there is no such set here
     */
    public static CpuBackend takingTurns(int threads, String kernelSet) {
        return new CpuBackend(() -> ThreadTeam.shared(threads), false, kernelSet);
    }

    private CpuBackend(Supplier<ThreadTeam> threadTeam, boolean ownsTeam, String kernelSet) {
        this.ownsTeam = ownsTeam;
        asked = kernelSet;
        try {
            kernels = KernelSets.choose(kernelSet, arena);
            team = threadTeam.get();
        } catch (RuntimeException refused) {
            arena.close();
            throw refused;
        }
        int threads = team.size();
        scratch = new Scratch[threads];
        for (int i = 0; i < threads; i++) {
            scratch[i] = new Scratch(arena);
        }
        projections = new Projections(kernels, team, scratch, arena);
        attention = new Attention(kernels, team, scratch);
    }

    /** The names of the kernel sets that run here, the best first. */
    public static List<String> kernelSets() {
        return KernelSets.names();
    }

    @Override
    public String description() {
        return "CPU, " + KernelSets.describe(kernels, asked) + ", " + team.size()
                + (team.size() == 1 ? " thread" : " threads");
    }

    @Override
    public Weights load(Tensor tensor) {
        return new CpuWeights(
                tensor.type(), Math.toIntExact(tensor.rows()), Math.toIntExact(tensor.columns()), tensor.data(), arena);
    }

    @Override
    public Buffer allocate(int rows, int columns) {
        long stride = 4L * columns;
        if (stride % PAGE == 0) {
            stride += LINE; // or the same columns of all rows would compete for the same lines of the cache
        }
        return new Buffer(NativeMemory.reserve(rows * stride, arena), rows, columns, stride);
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
        float[] values = scratch[0].tile(weights.columns());
        for (int row = 0; row < step.rows; row++) {
            weights.type()
                    .dequantize(
                            weights.data(),
                            step.token[row] * weights.rowBytes(),
                            values,
                            0,
                            weights.columns(),
                            scratch[0].blocks());
            MemorySegment.copy(values, 0, out.memory(), JAVA_FLOAT, row * out.stride(), weights.columns());
        }
    }

    @Override
    public void scale(Buffer x, int rows, float factor) {
        for (int row = 0; row < rows; row++) {
            for (long at = row * x.stride(), end = at + x.rowBytes(); at < end; at += Float.BYTES) {
                x.memory().set(JAVA_FLOAT, at, x.memory().get(JAVA_FLOAT, at) * factor);
            }
        }
    }

    @Override
    public void clear(Buffer x, int rows) {
        x.memory().asSlice(0, rows * x.stride()).fill((byte) 0);
    }

    @Override
    public void rmsNorm(Buffer x, int rows, Norm norm, Buffer out) {
        MemorySegment gains = ((CpuWeights) norm.gains()).vector();
        for (int row = 0; row < rows; row++) {
            kernels.rmsNorm(
                    x.memory(), row * x.stride(), gains, x.columns(), norm.epsilon(), out.memory(), row * out.stride());
        }
    }

    @Override
    public void project(Buffer x, int rows, @Nullable Norm norm, List<Projection> matrices, List<Buffer> outs) {
        projections.project(x, rows, norm, matrices, outs);
    }

    @Override
    public void addGated(
            Activation activation,
            Buffer x,
            int rows,
            @Nullable Norm norm,
            List<Projection> gateAndUp,
            List<Buffer> gatedAndRaised,
            Projection down,
            Buffer sum) {
        projections.addGated(activation, x, rows, norm, gateAndUp, gatedAndRaised, down, sum);
    }

    @Override
    public void addAttention(
            KvStore store,
            int layer,
            Step step,
            Heads heads,
            List<Buffer> inputs,
            Buffer attended,
            Projection output,
            Buffer sum) {
        Preparation reader = projections.beginAdding(output, attended, step.rows, Attention.columnsOfPart(heads));
        attention.run((CpuKvStore) store, layer, step, heads, inputs, attended, reader);
        projections.endAdding(sum);
    }

    @Override
    public void add(Buffer x, Buffer delta, int rows) {
        for (int row = 0; row < rows; row++) {
            kernels.add(x.memory(), row * x.stride(), delta.memory(), row * delta.stride(), 1, x.columns());
        }
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
            MemorySegment.copy(x.memory(), rowsOfX[i] * x.stride(), out.memory(), i * out.stride(), x.rowBytes());
        }
    }

    @Override
    public boolean read(Buffer x, int rows, MemorySegment[] targets) {
        return reading.run(x, rows, targets);
    }

    @Override
    public void softCap(Buffer x, int rows, float cap) {
        team.run(rows, (from, end, _) -> {
            for (int row = from; row < end; row++) {
                for (long at = row * x.stride(), last = at + x.rowBytes(); at < last; at += Float.BYTES) {
                    float value = x.memory().get(JAVA_FLOAT, at);
                    x.memory().set(JAVA_FLOAT, at, (float) (cap * Math.tanh(value / cap)));
                }
            }
        });
    }

    @Override
    public void close() {
        if (ownsTeam) {
            team.close();
        }
        arena.close();
    }

    /** Copies rows out. */
    @SuppressWarnings("NullAway.Init") // set before each use
    private final class Reading {
        private final ThreadTeam.Task task = (from, end, _) -> copy(from, end);
        private Buffer x;
        private MemorySegment[] targets;
        private volatile boolean finite;

        boolean run(Buffer from, int rows, MemorySegment[] to) {
            x = from;
            targets = to;
            finite = true;
            team.run(rows, task);
            return finite;
        }

        private void copy(int from, int end) {
            for (int row = from; row < end; row++) {
                if (!kernels.copyFinite(x.memory(), row * x.stride(), targets[row], x.columns())) {
                    finite = false;
                }
            }
        }
    }
}
