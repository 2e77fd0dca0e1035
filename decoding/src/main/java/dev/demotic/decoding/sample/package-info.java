/** From logits to one distribution, and from the distribution to a token. */
@NullMarked
package dev.demotic.decoding.sample;

import org.jspecify.annotations.NullMarked;
