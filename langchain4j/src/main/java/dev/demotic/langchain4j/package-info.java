/** Demotic as LangChain4j's chat, streaming chat and embedding models, in the same process. */
@NullMarked
package dev.demotic.langchain4j;

import org.jspecify.annotations.NullMarked;
