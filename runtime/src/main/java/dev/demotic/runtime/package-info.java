/** The waist between runtime and decoding: models, sequences, passes and what they put out. */
@NullMarked
package dev.demotic.runtime;

import org.jspecify.annotations.NullMarked;
