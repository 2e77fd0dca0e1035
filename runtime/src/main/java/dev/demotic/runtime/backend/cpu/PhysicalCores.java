package dev.demotic.runtime.backend.cpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * The physical cores that this process may use: the default number of compute threads.
 *
 * <p>Two threads of one core share its vector units and its path to memory, which one thread of these kernels keeps busy.
 */
public final class PhysicalCores {
    private PhysicalCores() {}

    /**
     * How many there are, and no more than the processors that the JVM counts, since that heeds the quota of a container. Where
     * the operating system tells nothing of cores (all but Linux), that count itself.
     */
    public static int count() {
        int processors = Runtime.getRuntime().availableProcessors();
        int cores = processors().size();
        return cores == 0 ? processors : Math.min(cores, processors);
    }

    /** A logical processor of each, by the operating system's numbers; empty where it tells none. */
    static List<Integer> processors() {
        return processors(Path.of("/sys/devices/system/cpu"), Path.of("/proc/self/status"));
    }

    /**
     * The first allowed logical processor of each physical core, ascending.
     *
     * @param topology holds a folder for each logical processor, which names those of the same core
     * @param status names the processors that the process may run on
     */
    static List<Integer> processors(Path topology, Path status) {
        try {
            NavigableSet<Integer> allowed = allowed(status);
            List<Integer> first = new ArrayList<>();
            for (int processor : allowed) {
                Path siblings = topology.resolve("cpu" + processor + "/topology/thread_siblings_list");
                if (Files.exists(siblings)
                        && Collections.disjoint(allowed.headSet(processor, false), parse(Files.readString(siblings)))) {
                    first.add(processor);
                }
            }
            return first;
        } catch (IOException | NumberFormatException elsewhere) {
            return List.of(); // no Linux, or one that tells it in another way
        }
    }

    private static NavigableSet<Integer> allowed(Path status) throws IOException {
        String field = "Cpus_allowed_list:";
        for (String line : Files.readAllLines(status)) {
            if (line.startsWith(field)) {
                return parse(line.substring(field.length()));
            }
        }
        return new TreeSet<>();
    }

    /** The numbers of a list such as {@code 0-3,8}. */
    private static NavigableSet<Integer> parse(String list) {
        NavigableSet<Integer> numbers = new TreeSet<>();
        for (String range : list.strip().split(",")) {
            String[] ends = range.split("-", 2);
            IntStream.rangeClosed(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]))
                    .forEach(numbers::add);
        }
        return numbers;
    }
}
