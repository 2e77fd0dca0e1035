package dev.demotic.bench;

import dev.demotic.runtime.format.Metadata;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.tensor.Tensor;

/**
 * What one token asks of the machine, the attention over its context left out.
 *
 * @param bytes weights that are read for a single token
 * @param operations floating-point operations of the matrix products, two for each weight
 * @param outputOperations the part of them that computes logits, which prompts need for their last token only
 */
record TokenCost(double bytes, double operations, double outputOperations) {
    private static final String EMBEDDING = "token_embd.weight";
    private static final String OUTPUT = "output.weight";

    static TokenCost of(ModelSource model) {
        String output = model.tensors().containsKey(OUTPUT) ? OUTPUT : EMBEDDING;
        double share = expertShare(model.metadata());
        double bytes = 0;
        double operations = 0;
        double outputOperations = 0;
        for (Tensor tensor : model.tensors().values()) {
            String name = tensor.name();
            if (name.equals(EMBEDDING) && !name.equals(output)) {
                continue;
            }
            double used = name.contains("_exps.") ? share : 1;
            bytes += used * tensor.byteSize();
            if (tensor.rows() > 1) {
                operations += 2 * used * tensor.elements();
            }
            if (name.equals(output)) {
                outputOperations = 2.0 * tensor.elements();
            }
        }
        return new TokenCost(bytes, operations, outputOperations);
    }

    /** The share of a mixture's experts that work on a token. */
    private static double expertShare(Metadata metadata) {
        String architecture = metadata.string("general.architecture");
        int experts = metadata.integer(architecture + ".expert_count", 0);
        return experts == 0 ? 1 : (double) metadata.integer(architecture + ".expert_used_count", experts) / experts;
    }
}
