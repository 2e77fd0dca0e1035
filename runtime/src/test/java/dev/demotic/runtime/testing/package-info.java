/** What tests of all modules share. */
@NullMarked
package dev.demotic.runtime.testing;

import org.jspecify.annotations.NullMarked;
