/** Benchmarks of single kernels, in the package of the kernels to reach them. */
@NullMarked
package dev.demotic.runtime.backend.cpu;

import org.jspecify.annotations.NullMarked;
