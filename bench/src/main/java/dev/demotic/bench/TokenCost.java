package dev.demotic.bench;

import dev.demotic.runtime.format.Metadata;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.tensor.Tensor;

/**
 * What one token asks of the machine, the attention over its context left out.
 *
 * @param bytes weights that are read for a single token, as the file holds them
 * @param operations floating-point operations of the matrix products, two for each weight
 * @param outputOperations the part of them that computes logits, which prompts need for their last token only
 * @param quantizedOperations the part of them with quantized weights
 */
record TokenCost(double bytes, double operations, double outputOperations, double quantizedOperations) {
    private static final String EMBEDDING = "token_embd.weight";
    private static final String OUTPUT = "output.weight";

    static TokenCost of(ModelSource model) {
        String output = model.tensors().containsKey(OUTPUT) ? OUTPUT : EMBEDDING;
        double share = expertShare(model.metadata());
        double bytes = 0;
        double operations = 0;
        double outputOperations = 0;
        double quantizedOperations = 0;
        for (Tensor tensor : model.tensors().values()) {
            String name = tensor.name();
            if (name.equals(EMBEDDING) && !name.equals(output)) {
                continue;
            }
            double used = name.contains("_exps.") ? share : 1;
            bytes += used * tensor.byteSize();
            if (tensor.rows() > 1) {
                double products = 2 * used * tensor.elements();
                operations += products;
                quantizedOperations += tensor.type().isQuantized() ? products : 0;
            }
            if (name.equals(output)) {
                outputOperations = 2.0 * tensor.elements();
            }
        }
        return new TokenCost(bytes, operations, outputOperations, quantizedOperations);
    }

    /** Whether most of the work is with quantized weights. */
    boolean isQuantized() {
        return quantizedOperations > operations / 2;
    }

    /** The share of a mixture's experts that work on a token. */
    private static double expertShare(Metadata metadata) {
        String architecture = metadata.string("general.architecture");
        int experts = metadata.integer(architecture + ".expert_count", 0);
        return experts == 0 ? 1 : (double) metadata.integer(architecture + ".expert_used_count", experts) / experts;
    }
}
