/**
 * Demotic over HTTP: OpenAI's API, with decoding methods as an extension.
 *
 * <p>{@link dev.demotic.server.Server} is the way in. Each request runs on a virtual thread of its own: {@code Gate} checks it and
 * finds its endpoint, the endpoint reads its {@code Fields}, waits for {@code Admission}, and generates.
 */
@NullMarked
package dev.demotic.server;

import org.jspecify.annotations.NullMarked;
