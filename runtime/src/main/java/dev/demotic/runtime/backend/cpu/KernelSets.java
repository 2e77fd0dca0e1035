package dev.demotic.runtime.backend.cpu;

import dev.demotic.runtime.DemoticException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/** Chooses the kernels: what DEMOTIC_KERNELS names, or the best that runs here. */
final class KernelSets {
    /** Whether this JVM was started with the Vector API, an incubating module. */
    static final boolean VECTOR_API =
            ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();

    private static final String NATIVE = "native";

    private KernelSets() {}

    /** The names of all sets that run here, the best first. */
    static List<String> names() {
        List<String> names = new ArrayList<>();
        for (NativeLibrary.KernelSet set : NativeLibrary.sets()) {
            names.add(NATIVE + ":" + set.name());
        }
        if (VECTOR_API) {
            names.add("vector");
        }
        names.add("scalar");
        return names;
    }

    /**
     * @param name a set's name, {@code native} for the best native one, or empty for the best of all
     * @param arena owns what the kernels allocate
     * @throws DemoticException if there is no such set here
     */
    static Kernels choose(String name, Arena arena) {
        String chosen = name.isEmpty() ? names().getFirst() : name.equals(NATIVE) ? bestNative() : name;
        if (!names().contains(chosen)) {
            throw new DemoticException("there is no kernel set '%s' here; choose one of %s, or leave it out"
                    .formatted(name, String.join(", ", names())));
        }
        return switch (chosen) {
            case "scalar" -> new JavaKernels(new ScalarKernels());
            case "vector" -> new JavaKernels(new VectorKernels());
            default -> nativeSet(chosen.substring(NATIVE.length() + 1), arena);
        };
    }

    private static String bestNative() {
        return names().stream()
                .filter(name -> name.startsWith(NATIVE))
                .findFirst()
                .orElseThrow(() -> new DemoticException("there are no native kernels: " + whyNoNative()));
    }

    private static Kernels nativeSet(String name, Arena arena) {
        return NativeLibrary.sets().stream()
                .filter(set -> set.name().equals(name))
                .findFirst()
                .map(set -> new NativeKernels(set, arena))
                .orElseThrow();
    }

    private static String whyNoNative() {
        return NativeLibrary.whyNot().isEmpty()
                ? "this processor lacks the instructions that they need (AVX2 with FMA, or ARM dot products)"
                : NativeLibrary.whyNot();
    }

    /** The set in use and, where it is the best to be had but a better could be, aloud what is missing and what it costs. */
    static String describe(Kernels kernels, String asked) {
        if (kernels instanceof NativeKernels || !asked.isEmpty()) {
            return kernels.description();
        }
        String missing = "%s, several times slower than native ones (%s)";
        return VECTOR_API
                ? missing.formatted(kernels.description(), whyNoNative())
                : missing.formatted(
                        kernels.description(),
                        whyNoNative() + "; and start java with --add-modules jdk.incubator.vector");
    }
}
