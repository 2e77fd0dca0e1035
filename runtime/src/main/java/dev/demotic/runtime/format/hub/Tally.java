package dev.demotic.runtime.format.hub;

/** Counts the bytes of a pull over all its files. */
final class Tally {
    private final Progress progress;
    private final long total;
    private long finished;

    /**
     * @param total bytes of all files, or -1 if unknown
     */
    Tally(Progress progress, long total) {
        this.progress = progress;
        this.total = total;
    }

    Progress progress() {
        return progress;
    }

    /** The current file has this many bytes now. */
    void at(String file, long bytes) {
        progress.bytes(file, finished + bytes, total);
    }

    /** The file is complete. */
    void finish(String file, long bytes) {
        finished += bytes;
        progress.bytes(file, finished, total);
    }
}
