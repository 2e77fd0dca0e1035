package dev.demotic.runtime.template;

/** What a template can call: a method, a global function, a macro, a recursive loop. */
@FunctionalInterface
interface Callable {
    Object call(Arguments arguments);
}
