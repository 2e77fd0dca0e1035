/** The registry: every decoding method by name, with its parameters. */
@NullMarked
package dev.demotic.decoding.method;

import org.jspecify.annotations.NullMarked;
