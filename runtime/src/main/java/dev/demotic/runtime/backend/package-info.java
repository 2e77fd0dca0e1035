/** The SPI between a model and the device that computes it. */
@NullMarked
package dev.demotic.runtime.backend;

import org.jspecify.annotations.NullMarked;
