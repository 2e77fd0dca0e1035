package dev.demotic.runtime.template;

import java.util.Iterator;

/** A row of values that can be walked once only, as {@code select}, {@code map} and their like make it. */
record Generator(Iterator<Object> iterator) {}
