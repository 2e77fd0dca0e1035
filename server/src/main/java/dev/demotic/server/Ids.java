package dev.demotic.server;

import java.util.UUID;

/** Names for what is made: a prefix that tells the kind, and a random part. */
final class Ids {
    private Ids() {}

    static String next(String prefix) {
        return prefix + UUID.randomUUID().toString().replace("-", "").substring(0, 24);
    }
}
