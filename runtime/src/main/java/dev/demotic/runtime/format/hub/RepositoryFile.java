package dev.demotic.runtime.format.hub;

import java.util.Optional;

/**
 * A file as the hub lists it.
 *
 * @param name path inside the repository
 * @param size bytes, or -1 where the hub does not say
 * @param checksum what its bytes hash to, where the hub says it
 */
record RepositoryFile(String name, long size, Optional<Checksum> checksum) {}
