/** Small programs that use Demotic. */
@NullMarked
package dev.demotic.examples;

import org.jspecify.annotations.NullMarked;
