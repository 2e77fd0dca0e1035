/** Tools: how models are told of them, and how their calls are read from what they write. */
@NullMarked
package dev.demotic.decoding.tools;

import org.jspecify.annotations.NullMarked;
