/** The paged KV cache: blocks, their owners, and copy-on-write. */
@NullMarked
package dev.demotic.runtime.cache;

import org.jspecify.annotations.NullMarked;
