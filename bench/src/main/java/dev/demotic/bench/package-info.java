/** Measures how fast models run, as shares of what the machine can do. */
@NullMarked
package dev.demotic.bench;

import org.jspecify.annotations.NullMarked;
