package dev.demotic.bench;

import java.util.Locale;

/** A load that is put on a server. */
public sealed interface Load {
    /** As people read it. */
    String label();

    /**
     * Open loop: requests arrive at random, whatever the server does, so that a queue may build up.
     *
     * @param rate requests a second on average
     */
    record Open(double rate) implements Load {
        @Override
        public String label() {
            return String.format(Locale.ROOT, "%.3g/s", rate);
        }
    }

    /**
     * Closed loop: each client sends its next request when its last one is answered.
     *
     * @param clients at the same time
     */
    record Closed(int clients) implements Load {
        @Override
        public String label() {
            return clients == 1 ? "1 client" : clients + " clients";
        }
    }
}
