/** Tensors, their element types, and the quantization formats. */
@NullMarked
package dev.demotic.runtime.tensor;

import org.jspecify.annotations.NullMarked;
