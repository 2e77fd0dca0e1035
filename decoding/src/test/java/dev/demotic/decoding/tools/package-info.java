@NullMarked
package dev.demotic.decoding.tools;

import org.jspecify.annotations.NullMarked;
