/** The models that come with Demotic. */
@NullMarked
package dev.demotic.models;

import org.jspecify.annotations.NullMarked;
