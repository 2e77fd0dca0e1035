/** Text to token ids and token ids to exact bytes. */
@NullMarked
package dev.demotic.runtime.tokenizer;

import org.jspecify.annotations.NullMarked;
