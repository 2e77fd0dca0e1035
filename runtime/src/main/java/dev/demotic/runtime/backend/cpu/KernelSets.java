package dev.demotic.runtime.backend.cpu;

import dev.demotic.runtime.DemoticException;

/** Chooses the kernels: what DEMOTIC_KERNELS names, or the best that runs here. */
final class KernelSets {
    private static final boolean VECTOR_API =
            ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();

    private KernelSets() {}

    static Kernels choose(String name) {
        return switch (name) {
            case "" -> VECTOR_API ? new VectorKernels() : new ScalarKernels();
            case "scalar" -> new ScalarKernels();
            case "vector" -> {
                if (!VECTOR_API) {
                    throw new DemoticException(
                            "the vector kernels need the Vector API; start java with --add-modules jdk.incubator.vector");
                }
                yield new VectorKernels();
            }
            default ->
                throw new DemoticException(
                        "there is no kernel set '" + name + "'; choose scalar or vector, or leave it out");
        };
    }

    /** The set in use, and aloud what a missing module costs. */
    static String describe(Kernels kernels) {
        return switch (kernels) {
            case VectorKernels _ -> "vector kernels (" + VectorKernels.width() + " bits)";
            default ->
                VECTOR_API
                        ? "scalar kernels"
                        : "scalar kernels, many times slower than vector ones (start java with --add-modules"
                                + " jdk.incubator.vector)";
        };
    }
}
