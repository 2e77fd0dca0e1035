/** Chat templates as Hugging Face writes them: a Jinja subset. */
@NullMarked
package dev.demotic.runtime.template;

import org.jspecify.annotations.NullMarked;
