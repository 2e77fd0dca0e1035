package dev.demotic.runtime.template;

import dev.demotic.runtime.template.Expression.FilterCall;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Text, output, and the tags: the syntax tree of a template. */
sealed interface Statement {
    record Text(String text) implements Statement {}

    record Output(Expression expression, int line) implements Statement {}

    record If(List<Branch> branches, List<Statement> otherwise) implements Statement {}

    record Branch(Expression condition, List<Statement> body, int line) {}

    /** {@code {% for target in iterable if filter recursive %} body {% else %} otherwise {% endfor %}}. */
    record For(
            Target target,
            Expression iterable,
            @Nullable Expression filter,
            boolean recursive,
            List<Statement> body,
            List<Statement> otherwise,
            int line)
            implements Statement {}

    record Break() implements Statement {}

    record Continue() implements Statement {}

    record Set(Target target, Expression value, int line) implements Statement {}

    /** {@code {% set target | filters %} body {% endset %}}. */
    record SetBlock(Target target, List<FilterCall> filters, List<Statement> body, int line) implements Statement {}

    record With(List<Set> bindings, List<Statement> body) implements Statement {}

    record FilterBlock(List<FilterCall> filters, List<Statement> body, int line) implements Statement {}

    record DefineMacro(MacroDefinition macro) implements Statement {}

    /** {@code {% call(parameters) call %} body {% endcall %}}: the body becomes the macro's {@code caller}. */
    record CallBlock(MacroDefinition caller, Expression.Call call, int line) implements Statement {}

    /** {@code {% generation %}} marks what the assistant said, for training; for rendering it is a scope. */
    record Generation(List<Statement> body) implements Statement {}

    /** A macro, and which of the names that Jinja gives a macro on demand its body reads. */
    record MacroDefinition(
            String name,
            List<Parameter> parameters,
            List<Statement> body,
            boolean usesCaller,
            boolean usesVarargs,
            boolean usesKwargs) {}

    record Parameter(String name, @Nullable Expression otherwise) {}

    /** What can be assigned to. */
    sealed interface Target {
        record Variable(String name) implements Target {}

        record NamespaceAttribute(String namespace, String attribute) implements Target {}

        record Unpacking(List<Target> targets) implements Target {}
    }
}
