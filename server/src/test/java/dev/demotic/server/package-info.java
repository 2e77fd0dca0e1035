@NullMarked
package dev.demotic.server;

import org.jspecify.annotations.NullMarked;
