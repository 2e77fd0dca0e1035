package dev.demotic.runtime.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Loops in the Vector API that do one thing only, as fast as Java can: what {@link Ceilings} measures. */
final class VectorLoops {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    /** Independent sums of {@link #multiplyAdd}: enough to hide the latency of two units. */
    private static final int CHAINS = 10;

    /** Floating-point operations of a round of {@link #multiplyAdd}. */
    static final double OPERATIONS = 2.0 * CHAINS * SPECIES.length();

    private VectorLoops() {}

    /** Reads memory from its start to its end; returns something that depends on all of it. */
    static double read(MemorySegment memory) {
        long vector = SPECIES.vectorByteSize();
        FloatVector a = FloatVector.zero(SPECIES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        for (long i = 0; i <= memory.byteSize() - 4 * vector; i += 4 * vector) {
            a = a.add(floats(memory, i));
            b = b.add(floats(memory, i + vector));
            c = c.add(floats(memory, i + 2 * vector));
            d = d.add(floats(memory, i + 3 * vector));
        }
        return a.add(b).add(c.add(d)).lane(0);
    }

    private static FloatVector floats(MemorySegment memory, long offset) {
        return FloatVector.fromMemorySegment(SPECIES, memory, offset, ByteOrder.nativeOrder());
    }

    /** Fused multiply-adds on registers alone; returns something that depends on all of them. */
    static double multiplyAdd(int rounds) {
        FloatVector factor = FloatVector.broadcast(SPECIES, 0.999f);
        FloatVector term = FloatVector.broadcast(SPECIES, 1);
        FloatVector a = term;
        FloatVector b = term;
        FloatVector c = term;
        FloatVector d = term;
        FloatVector e = term;
        FloatVector f = term;
        FloatVector g = term;
        FloatVector h = term;
        FloatVector i = term;
        FloatVector j = term;
        for (int round = 0; round < rounds; round++) {
            a = a.fma(factor, term);
            b = b.fma(factor, term);
            c = c.fma(factor, term);
            d = d.fma(factor, term);
            e = e.fma(factor, term);
            f = f.fma(factor, term);
            g = g.fma(factor, term);
            h = h.fma(factor, term);
            i = i.fma(factor, term);
            j = j.fma(factor, term);
        }
        return a.add(b).add(c).add(d).add(e).add(f).add(g).add(h).add(i).add(j).lane(0);
    }
}
