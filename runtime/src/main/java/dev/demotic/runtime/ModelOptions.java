package dev.demotic.runtime;

import dev.demotic.runtime.cache.KvType;

/**
 * How a model is opened.
 *
 * @param context positions that a sequence may have; 0 for what the model was trained for
 * @param threads compute threads; 0 for one a physical core that the process may use
 * @param kernels the kernel set's name, or empty for the best that runs here
 * @param maxMemory bytes that weights, KV cache and work area may take together; 0 for what the machine has
 * @param sequences full-length sequences that the KV cache has room for; memory is committed as it fills
 * @param kvType how keys and values are kept
 * @param pin whether each compute thread keeps to a physical core of its own; Linux only
 * @param firstCore which of the physical cores is the first thread's, from 0, if they are pinned: models that compute at the same
 *     time are best kept apart
 */
public record ModelOptions(
        int context,
        int threads,
        String kernels,
        long maxMemory,
        int sequences,
        KvType kvType,
        boolean pin,
        int firstCore) {
    /**
     * The model's own context, a thread for each physical core, the kernels that DEMOTIC_KERNELS names, room for eight sequences,
     * keys and values in half precision.
     */
    public static ModelOptions defaults() {
        return new ModelOptions(0, 0, System.getenv().getOrDefault("DEMOTIC_KERNELS", ""), 0, 8, KvType.F16, false, 0);
    }

    public ModelOptions withContext(int tokens) {
        return new ModelOptions(tokens, threads, kernels, maxMemory, sequences, kvType, pin, firstCore);
    }

    public ModelOptions withThreads(int count) {
        return new ModelOptions(context, count, kernels, maxMemory, sequences, kvType, pin, firstCore);
    }

    public ModelOptions withKernels(String set) {
        return new ModelOptions(context, threads, set, maxMemory, sequences, kvType, pin, firstCore);
    }

    public ModelOptions withMaxMemory(long bytes) {
        return new ModelOptions(context, threads, kernels, bytes, sequences, kvType, pin, firstCore);
    }

    public ModelOptions withSequences(int count) {
        return new ModelOptions(context, threads, kernels, maxMemory, count, kvType, pin, firstCore);
    }

    public ModelOptions withKvType(KvType type) {
        return new ModelOptions(context, threads, kernels, maxMemory, sequences, type, pin, firstCore);
    }

    public ModelOptions withPin(boolean toCores) {
        return new ModelOptions(context, threads, kernels, maxMemory, sequences, kvType, toCores, firstCore);
    }

    public ModelOptions withFirstCore(int core) {
        return new ModelOptions(context, threads, kernels, maxMemory, sequences, kvType, pin, core);
    }
}
