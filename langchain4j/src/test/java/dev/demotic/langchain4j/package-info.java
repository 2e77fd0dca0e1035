@NullMarked
package dev.demotic.langchain4j;

import org.jspecify.annotations.NullMarked;
