package dev.demotic.runtime.calibration;

import dev.demotic.runtime.DemoticException;
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
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A backend that keeps the second moments of what each matrix reads, and leaves all work to another backend. */
final class ObservedBackend implements Backend {
    private final Backend backend;
    private final long budget;
    private final Arena arena = Arena.ofShared();
    private final IdentityHashMap<Weights, String> names = new IdentityHashMap<>();
    private final Map<String, SecondMoment> moments = new HashMap<>();
    /** Working memory by width: normed rows, and the same rows where the host can read them. */
    private final Map<Integer, Buffer> normed = new HashMap<>();

    private final Map<Integer, MemorySegment> host = new HashMap<>();
    private long bytes;

    /** @param budget bytes that the moments may take */
    ObservedBackend(Backend backend, long budget) {
        this.backend = backend;
        this.budget = budget;
    }

    /** By the name of the matrix; matrices that read the same rows share one. */
    Map<String, SecondMoment> moments() {
        return moments;
    }

    private void observe(Buffer x, int rows, @Nullable Norm norm, List<Projection> projections) {
        int width = projections.getFirst().weights().columns();
        if (width % SecondMoment.TILE != 0) {
            return;
        }
        Buffer seen = x.narrowed(width);
        if (norm != null) {
            Buffer target = normed.computeIfAbsent(width, columns -> backend.allocate(x.rows(), columns));
            backend.rmsNorm(seen, rows, norm, target);
            seen = target;
        }
        SecondMoment moment = moments.computeIfAbsent(name(projections.getFirst()), _ -> allocate(width));
        for (Projection projection : projections) {
            moments.put(name(projection), moment);
        }
        moment.add(floats(seen, rows), rows);
    }

    private String name(Projection projection) {
        String name = names.get(projection.weights());
        if (name == null) {
            throw new IllegalStateException("a matrix of another backend");
        }
        return name;
    }

    private SecondMoment allocate(int width) {
        bytes += SecondMoment.bytes(width);
        if (bytes > budget) {
            throw new DemoticException(
                    "what the matrices of this model read takes more than the %,d MB that calibration may use; convert without it, or give Java a larger heap (JAVA_TOOL_OPTIONS=-Xmx...)"
                            .formatted(budget >> 20));
        }
        return new SecondMoment(width);
    }

    private float[] floats(Buffer x, int rows) {
        int width = x.columns();
        MemorySegment memory =
                host.computeIfAbsent(width, columns -> arena.allocate((long) x.rows() * columns * Float.BYTES, 64));
        MemorySegment[] targets = new MemorySegment[rows];
        for (int row = 0; row < rows; row++) {
            targets[row] = memory.asSlice(row * x.rowBytes(), x.rowBytes());
        }
        backend.await();
        backend.read(x, rows, targets);
        return memory.asSlice(0, rows * x.rowBytes()).toArray(ValueLayout.JAVA_FLOAT);
    }

    @Override
    public String description() {
        return backend.description();
    }

    @Override
    public Weights load(Tensor tensor) {
        Weights weights = backend.load(tensor);
        names.put(weights, tensor.name());
        return weights;
    }

    @Override
    public Buffer allocate(int rows, int columns) {
        return backend.allocate(rows, columns);
    }

    @Override
    public KvStore allocateKv(KvShape shape, int blocks) {
        return backend.allocateKv(shape, blocks);
    }

    @Override
    public void await() {
        backend.await();
    }

    @Override
    public void embed(Weights table, Step step, Buffer out) {
        backend.embed(table, step, out);
    }

    @Override
    public void scale(Buffer x, int rows, float factor) {
        backend.scale(x, rows, factor);
    }

    @Override
    public void clear(Buffer x, int rows) {
        backend.clear(x, rows);
    }

    @Override
    public void rmsNorm(Buffer x, int rows, Norm norm, Buffer out) {
        backend.rmsNorm(x, rows, norm, out);
    }

    @Override
    public void project(Buffer x, int rows, @Nullable Norm norm, List<Projection> projections, List<Buffer> outs) {
        observe(x, rows, norm, projections);
        backend.project(x, rows, norm, projections, outs);
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
        observe(x, rows, norm, gateAndUp);
        backend.addGated(activation, x, rows, norm, gateAndUp, gatedAndRaised, down, sum);
        observe(gatedAndRaised.getFirst(), rows, null, List.of(down));
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
        backend.addAttention(store, layer, step, heads, inputs, attended, output, sum);
        observe(attended, step.rows, null, List.of(output));
    }

    @Override
    public void add(Buffer x, Buffer delta, int rows) {
        backend.add(x, delta, rows);
    }

    @Override
    public void addWeighted(Buffer x, int[] rowsOfX, float[] weights, Buffer delta, int rows) {
        backend.addWeighted(x, rowsOfX, weights, delta, rows);
    }

    @Override
    public void gather(Buffer x, int[] rowsOfX, int rows, Buffer out) {
        backend.gather(x, rowsOfX, rows, out);
    }

    @Override
    public boolean read(Buffer x, int rows, MemorySegment[] targets) {
        return backend.read(x, rows, targets);
    }

    @Override
    public void softCap(Buffer x, int rows, float cap) {
        backend.softCap(x, rows, cap);
    }

    @Override
    public void close() {
        backend.close();
        arena.close();
    }
}
