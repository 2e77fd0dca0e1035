/** What a model's matrices read on a text, and rounding that makes errors cancel on it. */
@NullMarked
package dev.demotic.runtime.calibration;

import org.jspecify.annotations.NullMarked;
