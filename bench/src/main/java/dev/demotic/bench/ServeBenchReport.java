package dev.demotic.bench;

import java.util.List;
import java.util.OptionalDouble;

/**
 * What {@link ServeBench} found.
 *
 * @param machine that the load came from
 * @param request what was asked for
 * @param target what counts as good
 * @param capacity replies a second that the server gives at most, if that was measured
 * @param results load by load
 */
public record ServeBenchReport(
        Machine machine,
        LoadRequest request,
        LatencyTarget target,
        OptionalDouble capacity,
        List<LoadResult> results) {}
