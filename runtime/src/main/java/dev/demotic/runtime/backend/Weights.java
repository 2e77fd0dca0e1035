package dev.demotic.runtime.backend;

import dev.demotic.runtime.tensor.TensorType;

/** A weight matrix in the form in which the device reads it. */
public interface Weights {
    /** Output width: rows of the matrix. */
    int rows();

    /** Input width: columns of the matrix. */
    int columns();

    TensorType type();
}
