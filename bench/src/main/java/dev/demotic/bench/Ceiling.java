package dev.demotic.bench;

import dev.demotic.runtime.DemoticException;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * What the machine can do at best: the roofs that a model's speed is measured against.
 *
 * <p>Each figure is the best of several rounds, in which all threads work at the same time.
 */
public final class Ceiling {
    private static final int ROUNDS = 5;
    /** Bytes that all threads together read in a round: several times the caches of today's processors. */
    private static final long STREAM_BYTES = 512L << 20;

    private static final int FMA_STEPS = 4_000_000;
    /** Independent sums in {@link #fma}: enough to hide the latency of two units. */
    private static final int SUMS = 10;

    private static volatile double sink;

    private Ceiling() {}

    /** Bytes a second that {@code threads} threads read from main memory, each its own array from end to end. */
    public static double bandwidth(int threads) {
        float[][] arrays = new float[threads][(int) (STREAM_BYTES / threads / Float.BYTES)];
        long bytes = (long) threads * arrays[0].length * Float.BYTES;
        return bytes / fastest(threads, thread -> sum(arrays[thread]));
    }

    /** Floating-point operations a second of {@code threads} threads that do nothing but fused multiply-adds. */
    public static double arithmetic(int threads) {
        double operations = 2.0 * SUMS * FloatVector.SPECIES_PREFERRED.length() * FMA_STEPS * threads;
        return operations / fastest(threads, thread -> fma(thread));
    }

    @FunctionalInterface
    private interface Work {
        double run(int thread);
    }

    private static double fastest(int threads, Work work) {
        return IntStream.range(0, ROUNDS)
                .mapToDouble(_ -> seconds(threads, work))
                .min()
                .orElseThrow();
    }

    private static double seconds(int threads, Work work) {
        CyclicBarrier start = new CyclicBarrier(threads + 1);
        Thread[] team = new Thread[threads];
        for (int i = 0; i < threads; i++) {
            int thread = i;
            team[i] = Thread.ofPlatform().daemon().start(() -> {
                await(start);
                sink = work.run(thread);
            });
        }
        await(start);
        long began = System.nanoTime();
        try {
            for (Thread thread : team) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DemoticException("the measurement was interrupted", e);
        }
        return (System.nanoTime() - began) * 1e-9;
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new DemoticException("the measurement was interrupted", e);
        }
    }

    private static double sum(float[] array) {
        VectorSpecies<Float> species = FloatVector.SPECIES_PREFERRED;
        int lanes = species.length();
        FloatVector a = FloatVector.zero(species);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        for (int i = 0; i <= array.length - 4 * lanes; i += 4 * lanes) {
            a = a.add(FloatVector.fromArray(species, array, i));
            b = b.add(FloatVector.fromArray(species, array, i + lanes));
            c = c.add(FloatVector.fromArray(species, array, i + 2 * lanes));
            d = d.add(FloatVector.fromArray(species, array, i + 3 * lanes));
        }
        return a.add(b).add(c.add(d)).lane(0);
    }

    private static double fma(int seed) {
        FloatVector factor = FloatVector.broadcast(FloatVector.SPECIES_PREFERRED, 0.999f);
        FloatVector term = FloatVector.broadcast(FloatVector.SPECIES_PREFERRED, seed + 1);
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
        for (int step = 0; step < FMA_STEPS; step++) {
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
