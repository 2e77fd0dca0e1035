package dev.demotic.runtime.backend.cpu;

import dev.demotic.runtime.backend.AttentionShape;
import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.Heads;
import dev.demotic.runtime.backend.KvStore;
import dev.demotic.runtime.backend.Projection;
import dev.demotic.runtime.backend.RopeTable;
import dev.demotic.runtime.backend.Step;
import dev.demotic.runtime.cache.KvPool;
import dev.demotic.runtime.cache.KvShape;
import dev.demotic.runtime.cache.KvTable;
import dev.demotic.runtime.cache.KvType;
import dev.demotic.runtime.tensor.Tensor;
import dev.demotic.runtime.tensor.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Single kernels on one thread. Weights are small enough for the second-level cache, so that the time is that of the arithmetic;
 * {@code demotic bench} has the memory in it. DEMOTIC_KERNELS chooses the set.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class KernelBenchmark {
    private static final int WIDTH = 2048;
    private static final String KERNELS = System.getenv().getOrDefault("DEMOTIC_KERNELS", "");

    /** out = weights · x for some rows: 256 rows of weights of width 2048. */
    @State(Scope.Thread)
    @SuppressWarnings("NullAway.Init") // JMH sets them up
    public static class Product {
        @Param({"Q8_0", "Q4_0", "Q4_K", "Q5_K", "Q6_K", "BF16", "F16", "F32"})
        public TensorType type;

        @Param({"1", "2", "4", "8", "16", "64", "512"})
        public int rows;

        private CpuBackend backend;
        private Buffer x;
        private List<Projection> projections;
        private List<Buffer> outs;

        @Setup
        public void open() {
            int height = 256;
            backend = new CpuBackend(1, KERNELS);
            projections = List.of(matrix(backend, type, height));
            x = filled(backend.allocate(rows, WIDTH));
            outs = List.of(backend.allocate(rows, height));
            backend.project(x, rows, null, projections, outs); // the first product packs the weights
        }

        @TearDown
        public void close() {
            backend.close();
        }
    }

    @Benchmark
    public void product(Product state) {
        state.backend.project(state.x, state.rows, null, state.projections, state.outs);
    }

    /**
     * Rows after 1,024 positions of their sequence: 32 query heads of 64, which share 4 heads of keys and values; with the smallest
     * product after it.
     */
    @State(Scope.Thread)
    @SuppressWarnings("NullAway.Init") // JMH sets them up
    public static class Attending {
        private static final int CONTEXT = 1024;
        private static final int HEADS = 32;
        private static final int KV_HEADS = 4;
        private static final int HEAD = 64;

        @Param({"F16", "BF16", "Q8", "F32"})
        public KvType kvType;

        @Param({"1", "8", "64"})
        public int rows;

        private final Step step = new Step(CONTEXT);
        private final RopeTable rope = new RopeTable(
                IntStream.range(0, HEAD / 2)
                        .mapToDouble(i -> Math.pow(10_000, -2.0 * i / HEAD))
                        .toArray(),
                1,
                false);
        private final Heads heads = new Heads(
                new AttentionShape(HEADS, KV_HEADS, HEAD, 0, (float) (1 / Math.sqrt(HEAD)), 0), rope, null, null);
        private CpuBackend backend;
        private KvStore store;
        private KvTable table;
        private List<Buffer> inputs;
        private Buffer attended;
        private Projection output;
        private Buffer sum;

        @Setup
        public void open() {
            backend = new CpuBackend(1, KERNELS);
            int blocks = KvShape.blocks(CONTEXT + rows);
            store = backend.allocateKv(new KvShape(1, KV_HEADS, HEAD, kvType), blocks);
            table = KvTable.reserved(new KvPool(store, blocks), CONTEXT + rows);
            table.makeWritable(CONTEXT + rows);
            inputs = List.of(
                    filled(backend.allocate(CONTEXT, HEADS * HEAD)),
                    filled(backend.allocate(CONTEXT, KV_HEADS * HEAD)),
                    filled(backend.allocate(CONTEXT, KV_HEADS * HEAD)));
            attended = backend.allocate(CONTEXT, HEADS * HEAD);
            output = matrix(backend, TensorType.Q8_0, 1);
            sum = backend.allocate(CONTEXT, 1);
            run(0, CONTEXT);
        }

        private void run(int first, int count) {
            step.clear();
            step.addContext(table);
            for (int position = first; position < first + count; position++) {
                step.addRow(0, position, position, position + 1);
            }
            rope.prepare(step);
            backend.addAttention(store, 0, step, heads, inputs, attended, output, sum);
        }

        @TearDown
        public void close() {
            store.close();
            backend.close();
        }
    }

    @Benchmark
    public void attention(Attending state) {
        state.run(Attending.CONTEXT, state.rows);
    }

    /** One row on its way into a product with quantized weights. */
    @State(Scope.Thread)
    @SuppressWarnings("NullAway.Init") // JMH sets them up
    public static class Preparing {
        private final Arena arena = Arena.ofShared();
        private final Rows rows = new Rows(arena);
        private final MemorySegment x = arena.allocateFrom(ValueLayout.JAVA_FLOAT, gaussians(WIDTH));
        private final MemorySegment gains = arena.allocateFrom(ValueLayout.JAVA_FLOAT, gaussians(WIDTH));
        private Kernels kernels;

        @Setup
        public void open() {
            kernels = KernelSets.choose(KERNELS, arena);
            rows.reserve(1, WIDTH);
        }

        @TearDown
        public void close() {
            arena.close();
        }
    }

    @Benchmark
    public void normAndQuantize(Preparing state) {
        state.kernels.rmsNorm(state.x, 0, state.gains, WIDTH, 1e-5f, state.rows.floats(), 0);
        state.kernels.convert(
                RowForm.QUANTIZED, state.rows.floats(), 0, state.rows.rowBytes(), state.rows, 0, 1, 0, WIDTH);
    }

    private static Projection matrix(CpuBackend backend, TensorType type, int height) {
        MemorySegment data = Arena.ofAuto().allocate(type.bytes((long) WIDTH * height), 64);
        type.quantize(gaussians(WIDTH * height), 0, data, 0, WIDTH * height);
        return new Projection(backend.load(new Tensor("w", type, new long[] {WIDTH, height}, data)), null);
    }

    private static float[] gaussians(int count) {
        Random random = new Random(1);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static Buffer filled(Buffer buffer) {
        float[] values = gaussians((int) (buffer.memory().byteSize() / Float.BYTES));
        MemorySegment.copy(values, 0, buffer.memory(), ValueLayout.JAVA_FLOAT, 0, values.length);
        return buffer;
    }
}
