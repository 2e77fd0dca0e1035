@NullMarked
package dev.demotic.cli;

import org.jspecify.annotations.NullMarked;
