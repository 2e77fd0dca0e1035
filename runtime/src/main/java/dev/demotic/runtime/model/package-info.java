/** Decoder transformers: how each family is wired, and the step that runs them. */
@NullMarked
package dev.demotic.runtime.model;

import org.jspecify.annotations.NullMarked;
