/** The CPU backend: kernel sets and the team of threads that runs them. */
@NullMarked
package dev.demotic.runtime.backend.cpu;

import org.jspecify.annotations.NullMarked;
