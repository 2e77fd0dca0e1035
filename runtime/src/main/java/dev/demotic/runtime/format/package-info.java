/** Model files: GGUF, safetensors, Hugging Face folders, and the hub they come from. */
@NullMarked
package dev.demotic.runtime.format;

import org.jspecify.annotations.NullMarked;
