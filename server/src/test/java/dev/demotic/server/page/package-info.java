@NullMarked
package dev.demotic.server.page;

import org.jspecify.annotations.NullMarked;
