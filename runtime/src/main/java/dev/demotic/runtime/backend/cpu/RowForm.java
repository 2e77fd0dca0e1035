package dev.demotic.runtime.backend.cpu;

/** How a row of activations is represented when a product reads it. */
enum RowForm {
    /** As it is. */
    FLOAT,
    /** Rounded to bfloat16, for processors that multiply these. */
    BF16,
    /** Blocks of 32 levels from -127 to 127 with a scale each, for products of integers. */
    QUANTIZED
}
