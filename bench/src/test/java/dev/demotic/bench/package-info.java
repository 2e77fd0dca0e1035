@NullMarked
package dev.demotic.bench;

import org.jspecify.annotations.NullMarked;
