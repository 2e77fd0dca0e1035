/** Text from models: the Java API, and the loops that turn forward passes into tokens. */
@NullMarked
package dev.demotic.decoding;

import org.jspecify.annotations.NullMarked;
