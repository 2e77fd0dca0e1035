package dev.demotic.runtime.format.hub;

import java.nio.file.Path;
import java.time.Instant;

/**
 * A model in the cache, complete.
 *
 * @param reference the name that finds it again
 * @param commit the commit that it is from
 * @param path the GGUF file, or the Hugging Face folder
 * @param bytes size of all its files
 * @param pulledAt when the pull ended
 */
public record PulledModel(HubReference reference, String commit, Path path, long bytes, Instant pulledAt) {}
