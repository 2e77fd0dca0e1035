package dev.demotic.runtime.format.hub;

/** Told how a pull gets on, on the thread that pulls. Calls come often: show what fits, drop the rest. */
public interface Progress {
    /** Says nothing. */
    Progress NONE = (file, done, total) -> {};

    /**
     * Some bytes arrived. Both counts are over all files of the pull; {@code done} falls back where a file has to start
     * again.
     *
     * @param file the file being pulled, as the repository names it
     * @param done bytes that are on disk, what an earlier pull left included
     * @param total bytes of all files, or -1 where the hub does not say
     */
    void bytes(String file, long done, long total);

    /** Something worth one line to the user: waiting for another process, trying again, checking a file. */
    default void message(String text) {}
}
