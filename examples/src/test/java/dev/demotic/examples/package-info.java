@NullMarked
package dev.demotic.examples;

import org.jspecify.annotations.NullMarked;
