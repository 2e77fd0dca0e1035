package dev.demotic.bench;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What {@link ServeBench} found.
 *
 * @param machine that the load came from
 * @param requests what was asked of whom; they differ in the server or the method
 * @param target what counts as good
 * @param capacity replies a second that the server gives at most, if that was measured
 * @param results load by load
 */
public record ServeBenchReport(
        Machine machine,
        List<LoadRequest> requests,
        LatencyTarget target,
        OptionalDouble capacity,
        List<LoadResult> results) {

    /** What tells a contestant from the others: nothing, where there are none. */
    public Optional<String> contestant(LoadRequest request) {
        if (requests.size() == 1) {
            return Optional.empty();
        }
        boolean isOneServer = requests.stream().map(LoadRequest::url).distinct().count() == 1;
        String method = request.method().orElse("");
        return Optional.of(isOneServer ? method : (request.url().getAuthority() + " " + method).strip());
    }

    /** The load, and the contestant where there are several. */
    public String label(LoadResult result) {
        return contestant(result.request())
                .map(name -> result.load().label() + ", " + name)
                .orElse(result.load().label());
    }
}
