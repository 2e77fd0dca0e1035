/** Hugging Face model folders: safetensors weights, config.json and tokenizer.json, read as GGUF would hold them. */
@NullMarked
package dev.demotic.runtime.format.huggingface;

import org.jspecify.annotations.NullMarked;
