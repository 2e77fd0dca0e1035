/** Joins the passes of all live sequences into steps. */
@NullMarked
package dev.demotic.runtime.batch;

import org.jspecify.annotations.NullMarked;
