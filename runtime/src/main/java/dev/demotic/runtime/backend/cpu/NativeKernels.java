package dev.demotic.runtime.backend.cpu;

import dev.demotic.runtime.backend.Activation;
import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.RopeTable;
import dev.demotic.runtime.cache.KvShape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * The kernels in C with the processor's vector instructions (src/main/native), one call for each part of an operation.
 *
 * <p>Weights are repacked into tiles when they are first read, and their mapped pages given back. Products of quantized weights
 * quantize the rows too, in blocks of 32, and multiply integers.
 */
final class NativeKernels implements Kernels {
    private final NativeLibrary.KernelSet set;
    private final long address;
    private final AttentionArguments attention;
    private final WeightMemory memory;

    /** @param arena owns the memory that calls read their arguments from */
    NativeKernels(NativeLibrary.KernelSet set, Arena arena) {
        this.set = set;
        address = set.address();
        attention = new AttentionArguments(arena);
        memory = new WeightMemory(arena);
    }

    @Override
    public String description() {
        return "native kernels (" + set.name() + ")";
    }

    @Override
    public int tileRows() {
        return TileFormat.ROWS;
    }

    @Override
    public RowForm rowForm(CpuWeights weights) {
        TileFormat format = TileFormat.of(weights.type());
        if (format == null || format == TileFormat.F32 || format == TileFormat.F16) {
            return RowForm.FLOAT;
        }
        return format != TileFormat.BF16 ? RowForm.QUANTIZED : set.roundsRows() ? RowForm.BF16 : RowForm.FLOAT;
    }

    @Override
    public void pack(CpuWeights weights, ThreadTeam team) {
        TileFormat format = TileFormat.of(weights.type());
        if (format == null || !weights.tiles().equals(MemorySegment.NULL)) {
            return;
        }
        requireThere(weights.data());
        int count = (weights.rows() + TileFormat.ROWS - 1) / TileFormat.ROWS;
        long tileBytes = format.tileBytes(weights.columns());
        MemorySegment tiles = memory.allocate(count * tileBytes);
        team.run(count, (from, end, _) -> {
            int first = from * TileFormat.ROWS;
            pack(
                    format,
                    weights.data().asSlice(first * weights.rowBytes()),
                    weights.rowBytes(),
                    weights.rows() - first,
                    weights.columns(),
                    end - from,
                    tiles.asSlice(from * tileBytes));
        });
        weights.setTiles(tiles);
        if (weights.data().isMapped()) {
            weights.data().unload(); // the file stays readable, but its pages need not stay in memory beside the tiles
        }
    }

    /** Where a mapped file was cut short meanwhile, this read throws an error; the same in native code would end the process. */
    private static void requireThere(MemorySegment data) {
        byte _ = data.get(ValueLayout.JAVA_BYTE, data.byteSize() - 1);
    }

    private static void pack(
            TileFormat format,
            MemorySegment rows,
            long rowBytes,
            long count,
            int columns,
            int tiles,
            MemorySegment out) {
        try {
            NativeLibrary.PACK.invokeExact(
                    (long) format.id(),
                    rows.address(),
                    rowBytes,
                    count,
                    (long) columns,
                    (long) tiles,
                    format.tileBytes(columns),
                    out.address());
        } catch (Throwable thrown) {
            throw NativeLibrary.failed(thrown);
        }
    }

    @Override
    public void convert(
            RowForm form,
            MemorySegment floats,
            long offset,
            long stride,
            Rows rows,
            int row,
            int count,
            int column,
            int columns) {
        long from = floats.address() + offset;
        long fromStride = stride / Float.BYTES;
        try {
            switch (form) {
                case FLOAT -> {}
                case BF16 ->
                    NativeLibrary.TO_BF16.invokeExact(
                            address,
                            from,
                            fromStride,
                            (long) count,
                            (long) columns,
                            rows.bfloats().address() + ((long) row * rows.stride() + column) * Short.BYTES,
                            (long) rows.stride());
                case QUANTIZED -> {
                    long block = (long) column / Rows.BLOCK * rows.blockStride() + row;
                    NativeLibrary.QUANTIZE.invokeExact(
                            address,
                            from,
                            fromStride,
                            (long) count,
                            (long) columns,
                            rows.levels().address() + block * Rows.BLOCK,
                            rows.blocks().address() + block * Rows.BLOCK_BYTES,
                            (long) rows.blockStride());
                }
            }
        } catch (Throwable thrown) {
            throw NativeLibrary.failed(thrown);
        }
    }

    @Override
    public void product(
            CpuWeights weights,
            @Nullable CpuWeights bias,
            int fromTile,
            int endTile,
            Rows rows,
            int count,
            Buffer out,
            boolean adds,
            Scratch scratch) {
        TileFormat format = TileFormat.of(weights.type());
        if (format == null) {
            for (int tile = fromTile; tile < endTile; tile++) {
                MemorySegment floats = unpack(weights, tile, scratch);
                product(TileFormat.F32, floats.address(), weights, bias, tile, 1, rows, count, out, adds);
            }
        } else {
            long first = weights.tiles().address() + fromTile * format.tileBytes(weights.columns());
            product(format, first, weights, bias, fromTile, endTile - fromTile, rows, count, out, adds);
        }
    }

    /** A tile of floats, for types that have no tiles of their own. */
    private static MemorySegment unpack(CpuWeights weights, int tile, Scratch scratch) {
        int columns = weights.columns();
        int first = tile * TileFormat.ROWS;
        int present = Math.min(TileFormat.ROWS, weights.rows() - first);
        float[] values = scratch.tile(present * columns);
        for (int i = 0; i < present; i++) {
            weights.type()
                    .dequantize(
                            weights.data(),
                            (first + i) * weights.rowBytes(),
                            values,
                            i * columns,
                            columns,
                            scratch.blocks());
        }
        long plain = (long) present * columns;
        MemorySegment room = scratch.floats(plain + TileFormat.F32.tileBytes(columns) / Float.BYTES);
        MemorySegment.copy(values, 0, room, ValueLayout.JAVA_FLOAT, 0, present * columns);
        MemorySegment floats = room.asSlice(plain * Float.BYTES);
        pack(TileFormat.F32, room, 4L * columns, present, columns, 1, floats);
        return floats;
    }

    private void product(
            TileFormat format,
            long tiles,
            CpuWeights weights,
            @Nullable CpuWeights bias,
            int firstTile,
            int count,
            Rows rows,
            int rowCount,
            Buffer out,
            boolean adds) {
        long first = (long) firstTile * TileFormat.ROWS;
        RowForm form = rowForm(weights);
        MemorySegment values = switch (form) {
            case FLOAT -> rows.floats();
            case BF16 -> rows.bfloats();
            case QUANTIZED -> rows.levels();
        };
        try {
            NativeLibrary.PRODUCT.invokeExact(
                    address,
                    (long) format.id(),
                    tiles,
                    format.tileBytes(weights.columns()),
                    (long) format.padded(weights.columns()),
                    weights.rows() - first,
                    bias == null ? 0L : bias.vector().address() + 4 * first,
                    out.memory().address() + 4 * first,
                    out.stride() / Float.BYTES,
                    adds ? 1L : 0L,
                    values.address(),
                    rows.blocks().address(),
                    (long) (form == RowForm.QUANTIZED ? rows.blockStride() : rows.stride()),
                    (long) rowCount,
                    (long) count);
        } catch (Throwable thrown) {
            throw NativeLibrary.failed(thrown);
        }
    }

    @Override
    public void rmsNorm(
            MemorySegment x, long xOffset, MemorySegment gains, int n, float epsilon, MemorySegment y, long yOffset) {
        try {
            NativeLibrary.RMS_NORM.invokeExact(
                    address, x.address() + xOffset, gains.address(), (long) n, epsilon, y.address() + yOffset);
        } catch (Throwable thrown) {
            throw NativeLibrary.failed(thrown);
        }
    }

    @Override
    public void gate(Activation activation, Buffer gate, Buffer up, int rows, int first, int columns) {
        try {
            NativeLibrary.GATE.invokeExact(
                    address,
                    activation == Activation.SILU ? 0L : 1L,
                    gate.memory().address() + 4L * first,
                    up.memory().address() + 4L * first,
                    gate.stride() / Float.BYTES,
                    (long) rows,
                    (long) columns);
        } catch (Throwable thrown) {
            throw NativeLibrary.failed(thrown);
        }
    }

    @Override
    public void add(MemorySegment x, long xOffset, MemorySegment delta, long deltaOffset, float factor, int n) {
        try {
            NativeLibrary.ADD.invokeExact(
                    address, x.address() + xOffset, delta.address() + deltaOffset, factor, (long) n);
        } catch (Throwable thrown) {
            throw NativeLibrary.failed(thrown);
        }
    }

    @Override
    public void rotate(Buffer x, int row, int rows, int head, int heads, int dimension, RopeTable table) {
        long angles = 4L * row * table.pairs();
        try {
            NativeLibrary.ROTATE.invokeExact(
                    address,
                    x.memory().address() + row * x.stride() + 4L * head * dimension,
                    x.stride() / Float.BYTES,
                    (long) rows,
                    (long) heads,
                    (long) dimension,
                    (long) table.pairs(),
                    table.cosines().address() + angles,
                    table.sines().address() + angles,
                    table.interleaved() ? 1L : 0L);
        } catch (Throwable thrown) {
            throw NativeLibrary.failed(thrown);
        }
    }

    @Override
    public void begin(Attention a) {
        attention.set(a);
    }

    @Override
    public void store(Attention a, int row, int rows, int kvHead) {
        try {
            NativeLibrary.STORE.invokeExact(address, attention.address(), (long) row, (long) rows, (long) kvHead);
        } catch (Throwable thrown) {
            throw NativeLibrary.failed(thrown);
        }
    }

    @Override
    public void attend(Attention a, int first, int rows, int kvHead, Scratch scratch) {
        int queries = rows * (a.shape.heads() / a.shape.kvHeads());
        int lastSlot = 0;
        for (int row = first; row < first + rows; row++) {
            lastSlot = Math.max(lastSlot, a.step.slot[row]);
        }
        long slots = (lastSlot / KvShape.BLOCK + 1L) * KvShape.BLOCK;
        try {
            NativeLibrary.ATTEND.invokeExact(
                    address,
                    attention.address(),
                    (long) first,
                    (long) rows,
                    (long) kvHead,
                    scratch.floats(queries * (slots + a.shape.headDimension())).address());
        } catch (Throwable thrown) {
            throw NativeLibrary.failed(thrown);
        }
    }

    @Override
    public boolean copyFinite(MemorySegment from, long offset, MemorySegment to, int n) {
        try {
            return (long) NativeLibrary.COPY_FINITE.invokeExact(
                            address, from.address() + offset, to.address(), (long) n)
                    != 0;
        } catch (Throwable thrown) {
            throw NativeLibrary.failed(thrown);
        }
    }
}
