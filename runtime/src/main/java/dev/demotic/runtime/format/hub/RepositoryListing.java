package dev.demotic.runtime.format.hub;

import dev.demotic.runtime.DemoticException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the hub's API tells of a repository at one revision.
 *
 * @param commit the commit that the revision stands for now
 */
record RepositoryListing(String commit, List<RepositoryFile> files) {
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");
    private static final long LARGEST_FILE = 1L << 50;

    /**
     * Reads the answer to {@code /api/models/{repository}/revision/{revision}?blobs=true}.
     *
     * @throws DemoticException if it is not one
     */
    static RepositoryListing parse(byte[] json, HubReference reference) {
        JsonNode answer;
        try {
            answer = JsonMapper.shared().readTree(json);
        } catch (JacksonException e) {
            throw unreadable(reference, "it is not JSON", e);
        }
        String commit = answer.path("sha").asString("");
        if (!COMMIT.matcher(commit).matches()) {
            throw unreadable(reference, "it names no commit", null);
        }
        List<RepositoryFile> files = new ArrayList<>();
        for (JsonNode sibling : answer.path("siblings")) {
            files.add(file(sibling, reference));
        }
        return new RepositoryListing(commit, List.copyOf(files));
    }

    private static RepositoryFile file(JsonNode sibling, HubReference reference) {
        String name = sibling.path("rfilename").asString("");
        JsonNode lfs = sibling.path("lfs");
        long size = sibling.path("size").asLong(lfs.path("size").asLong(-1));
        if (name.isEmpty() || size < -1 || size > LARGEST_FILE) {
            throw unreadable(reference, "it lists a file without a name or of absurd size", null);
        }
        String checksum = lfs.isObject()
                ? lfs.path("sha256").asString("")
                : sibling.path("blobId").asString("");
        return new RepositoryFile(name, size, Checksum.of(checksum));
    }

    private static DemoticException unreadable(HubReference reference, String why, @Nullable Throwable cause) {
        return new DemoticException(
                "the hub's answer about " + reference + " cannot be read, because " + why
                        + "; check that HF_ENDPOINT names a Hugging Face hub",
                cause);
    }
}
