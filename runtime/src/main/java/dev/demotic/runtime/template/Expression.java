package dev.demotic.runtime.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What stands between {@code {{ }}} or inside a tag: the syntax tree of an expression. */
sealed interface Expression {
    record Literal(Object value) implements Expression {}

    record Name(String name) implements Expression {}

    record ListOf(List<Expression> elements) implements Expression {}

    record TupleOf(List<Expression> elements) implements Expression {}

    record DictOf(List<Entry> entries) implements Expression {}

    record Entry(Expression key, Expression value) {}

    /** {@code target.name}: a method first, then an item. */
    record Attribute(Expression target, String name) implements Expression {}

    /** {@code target[key]}: an item first, then a method. */
    record Item(Expression target, Expression key) implements Expression {}

    record Slice(
            Expression target,
            @Nullable Expression start,
            @Nullable Expression stop,
            @Nullable Expression step) implements Expression {}

    record Call(Expression callee, Inputs inputs, int line) implements Expression {}

    /** {@code input | name(inputs)}. */
    record Filter(Expression input, FilterCall call) implements Expression {}

    record FilterCall(String name, Inputs inputs, int line) {}

    /** {@code input is name(inputs)}. */
    record Test(Expression input, String name, Inputs inputs, int line) implements Expression {}

    record Negative(Expression operand) implements Expression {}

    record Positive(Expression operand) implements Expression {}

    record Not(Expression operand) implements Expression {}

    record And(Expression left, Expression right) implements Expression {}

    record Or(Expression left, Expression right) implements Expression {}

    /** {@code + - * / // % **}. */
    record Binary(String operator, Expression left, Expression right) implements Expression {}

    /** {@code a ~ b ~ c}. */
    record Concatenation(List<Expression> parts) implements Expression {}

    /** {@code first < a <= b not in c}: true if every link holds. */
    record Comparison(Expression first, List<Link> links) implements Expression {}

    record Link(String operator, Expression operand) {}

    /** {@code then if condition else otherwise}. */
    record Conditional(
            Expression condition, Expression then, @Nullable Expression otherwise, int line) implements Expression {}

    /** The arguments of a call as they are written: {@code (a, b, name=c, *spread, **namedSpread)}. */
    record Inputs(
            List<Expression> positional,
            List<NamedInput> named,
            @Nullable Expression spread,
            @Nullable Expression namedSpread) {
        static final Inputs NONE = new Inputs(List.of(), List.of(), null, null);
    }

    record NamedInput(String name, Expression value) {}
}
