package dev.demotic.decoding.speculate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Counts while a reply is made, and splits its time: each {@code spent} books what passed since the one before. */
final class SpeculationCounter {
    /** What time goes to. */
    enum Work {
        DRAFT,
        TARGET,
        SAMPLING,
        OTHER
    }

    private long draftNanos;
    private long targetNanos;
    private long samplingNanos;
    private long otherNanos;
    private long last = System.nanoTime();
    private long rounds;
    private long tokens;
    private long[] drafted = {};
    private long[] tested = {};
    private long[] accepted = {};

    /** Books the time since the last call and returns it, in nanoseconds. */
    long spent(Work work) {
        long now = System.nanoTime();
        long passed = now - last;
        switch (work) {
            case DRAFT -> draftNanos += passed;
            case TARGET -> targetNanos += passed;
            case SAMPLING -> samplingNanos += passed;
            case OTHER -> otherNanos += passed;
        }
        last = now;
        return passed;
    }

    /**
     * Counts a round.
     *
     * @param size how many nodes of the tree, from the first on, were there to be accepted
     * @param end the node whose successor was emitted last
     * @param next the child that holds that token, if the reply ended there; else none
     */
    void round(DraftTree tree, int size, int end, int next) {
        rounds++;
        tokens += tree.depth(end) + 1;
        for (int node = 1; node < size; node++) {
            int level = tree.depth(node) - 1;
            reserve(level + 1);
            drafted[level]++;
        }
        for (int level = 0; level < tree.depth(end); level++) {
            tested[level]++;
            accepted[level]++;
        }
        if (tree.firstChild(end) != DraftTree.NONE) {
            tested[tree.depth(end)]++;
            accepted[tree.depth(end)] += next == DraftTree.NONE ? 0 : 1;
        }
    }

    private void reserve(int levels) {
        if (levels > drafted.length) {
            drafted = Arrays.copyOf(drafted, levels);
            tested = Arrays.copyOf(tested, levels);
            accepted = Arrays.copyOf(accepted, levels);
        }
    }

    SpeculationStatistics statistics(long draftPasses) {
        List<SpeculationStatistics.Depth> depths = new ArrayList<>();
        for (int i = 0; i < drafted.length; i++) {
            depths.add(new SpeculationStatistics.Depth(drafted[i], tested[i], accepted[i]));
        }
        return new SpeculationStatistics(
                rounds,
                tokens,
                draftPasses,
                List.copyOf(depths),
                draftNanos / 1e9,
                targetNanos / 1e9,
                samplingNanos / 1e9,
                otherNanos / 1e9);
    }
}
