@NullMarked
package dev.demotic.models;

import org.jspecify.annotations.NullMarked;
