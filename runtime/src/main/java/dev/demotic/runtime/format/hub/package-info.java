/** The Hugging Face hub: pulling models into a local cache, and finding them again by name. */
@NullMarked
package dev.demotic.runtime.format.hub;

import org.jspecify.annotations.NullMarked;
