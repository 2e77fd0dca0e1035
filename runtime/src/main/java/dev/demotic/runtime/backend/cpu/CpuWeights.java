package dev.demotic.runtime.backend.cpu;

import dev.demotic.runtime.backend.Weights;
import dev.demotic.runtime.tensor.TensorType;
import java.lang.foreign.MemorySegment;

/** A weight matrix where the file has it: mapped, in its own format. */
record CpuWeights(TensorType type, int rows, int columns, MemorySegment data) implements Weights {
    /** Unpacks one row to floats. */
    void unpack(Kernels kernels, int row, float[] out, int at) {
        kernels.unpack(type, data, row * type.bytes(columns), out, at, columns);
    }
}
