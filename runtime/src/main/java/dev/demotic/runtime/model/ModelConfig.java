package dev.demotic.runtime.model;

/**
 * The numbers that describe a decoder transformer.
 *
 * @param architecture the family's GGUF name, such as {@code llama}
 * @param name what the model calls itself
 * @param layers decoder blocks
 * @param width floats of a hidden state
 * @param heads query heads
 * @param kvHeads key and value heads
 * @param headDimension floats of a head
 * @param vocabulary token ids
 * @param trainedContext positions that the model was trained for
 */
public record ModelConfig(
        String architecture,
        String name,
        int layers,
        int width,
        int heads,
        int kvHeads,
        int headDimension,
        int vocabulary,
        int trainedContext) {}
