package dev.demotic.runtime.template;

import dev.demotic.runtime.template.Expression.FilterCall;
import dev.demotic.runtime.template.Expression.Inputs;
import dev.demotic.runtime.template.Statement.Target;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Walks the syntax tree of a template: statements write text, expressions have values. One for each rendering. */
final class Interpreter {
    private static final int DEEPEST = 800;

    /** How a statement ended: by itself, or by a jump that the enclosing loop has to act on. */
    private enum Flow {
        NEXT,
        BREAK,
        CONTINUE
    }

    private int depth;
    private int line;

    /** Renders a whole template. */
    String render(List<Statement> template, Scope root) {
        try {
            return capture(template, root);
        } catch (TemplateException e) {
            throw e.at(line);
        } catch (StackOverflowError e) {
            throw new TemplateException("values are nested too deep").at(line);
        }
    }

    /** What statements write, as text of its own. */
    String capture(List<Statement> body, Scope scope) {
        StringBuilder out = new StringBuilder();
        int caller = line;
        execute(body, scope, out);
        line = caller;
        return out.toString();
    }

    private Flow execute(List<Statement> body, Scope scope, StringBuilder out) {
        deepen();
        for (Statement statement : body) {
            Flow flow = execute(statement, scope, out);
            if (flow != Flow.NEXT) {
                depth--;
                return flow;
            }
        }
        depth--;
        return Flow.NEXT;
    }

    private void deepen() {
        if (++depth > DEEPEST) {
            throw new TemplateException(
                    "the template is nested too deep; a macro or a loop may call itself without end");
        }
    }

    private Flow execute(Statement statement, Scope scope, StringBuilder out) {
        Budget.step(1);
        switch (statement) {
            case Statement.Text text -> write(text.text(), out);
            case Statement.Output output -> {
                line = output.line();
                write(PythonText.str(value(output.expression(), scope)), out);
            }
            case Statement.If choice -> {
                return choose(choice, scope, out);
            }
            case Statement.For loop -> {
                return loop(loop, scope, out);
            }
            case Statement.Break _ -> {
                return Flow.BREAK;
            }
            case Statement.Continue _ -> {
                return Flow.CONTINUE;
            }
            case Statement.Set set -> {
                line = set.line();
                assign(set.target(), value(set.value(), scope), scope);
            }
            case Statement.SetBlock set -> {
                String text = capture(set.body(), new Scope(scope));
                line = set.line();
                assign(set.target(), filter(text, set.filters(), scope), scope);
            }
            case Statement.With with -> {
                Scope inner = new Scope(scope);
                for (Statement.Set binding : with.bindings()) {
                    line = binding.line();
                    assign(binding.target(), value(binding.value(), scope), inner);
                }
                return execute(with.body(), inner, out);
            }
            case Statement.FilterBlock block -> {
                String text = capture(block.body(), new Scope(scope));
                line = block.line();
                write(PythonText.str(filter(text, block.filters(), scope)), out);
            }
            case Statement.DefineMacro define ->
                scope.set(define.macro().name(), new Macro(define.macro(), scope, this));
            case Statement.CallBlock block -> {
                line = block.line();
                Macro caller = new Macro(block.caller(), scope, this);
                Arguments arguments = arguments(block.call().inputs(), scope).with("caller", caller);
                write(PythonText.str(call(evaluate(block.call().callee(), scope), arguments)), out);
            }
            case Statement.Generation generation -> write(capture(generation.body(), new Scope(scope)), out);
        }
        return Flow.NEXT;
    }

    private static void write(String text, StringBuilder out) {
        Budget.grow(text.length());
        out.append(text);
    }

    private Flow choose(Statement.If choice, Scope scope, StringBuilder out) {
        for (Statement.Branch branch : choice.branches()) {
            line = branch.line();
            if (Values.truth(evaluate(branch.condition(), scope))) {
                return execute(branch.body(), scope, out);
            }
        }
        return execute(choice.otherwise(), scope, out);
    }

    private Flow loop(Statement.For statement, Scope scope, StringBuilder out) {
        line = statement.line();
        Object iterable = evaluate(statement.iterable(), scope);
        // Python fails here; but there are templates that loop over tools, which are none where there are none.
        return loop(statement, iterable == None.NONE ? List.of() : iterable, 0, scope, out);
    }

    /**
     * Runs a loop over an iterable; jumps out of its body end here.
     *
     * <p>As in Jinja, the else part follows unless an iteration ran to its end: jumps do not count as such.
     */
    private Flow loop(Statement.For statement, Object iterable, int level, Scope scope, StringBuilder out) {
        Expression filter = statement.filter();
        Object items = filter == null
                ? iterable
                : SequenceFilters.filtered(Values.iterate(iterable), item -> {
                    Scope inner = new Scope(scope);
                    assign(statement.target(), item, inner);
                    return Values.truth(evaluate(filter, inner));
                });
        Callable recursion = arguments -> {
            StringBuilder inner = new StringBuilder();
            int caller = line;
            deepen();
            loop(statement, arguments.require("iterable"), level + 1, scope, inner);
            depth--;
            line = caller;
            return inner.toString();
        };
        Loop loop = new Loop(items, level, statement.recursive() ? recursion : null);
        boolean completed = false;
        for (Object item = loop.advance(); item != null; item = loop.advance()) {
            Budget.step(1);
            Scope inner = new Scope(scope);
            inner.set("loop", loop);
            assign(statement.target(), item, inner);
            Flow flow = execute(statement.body(), inner, out);
            if (flow == Flow.BREAK) {
                break;
            }
            completed |= flow == Flow.NEXT;
            line = statement.line();
        }
        if (!completed) {
            return execute(statement.otherwise(), new Scope(scope), out);
        }
        return Flow.NEXT;
    }

    private void assign(Target target, Object value, Scope scope) {
        switch (target) {
            case Target.Variable variable -> scope.set(variable.name(), value);
            case Target.NamespaceAttribute attribute -> {
                if (!(scope.get(attribute.namespace()) instanceof Namespace namespace)) {
                    throw new TemplateException("cannot set attribute '" + attribute.attribute() + "' of '"
                            + attribute.namespace() + "', which is no namespace");
                }
                namespace.set(attribute.attribute(), value);
            }
            case Target.Unpacking unpacking -> {
                List<Target> targets = unpacking.targets();
                List<Object> values = Values.list(value);
                if (values.size() != targets.size()) {
                    throw new TemplateException(
                            "cannot unpack " + values.size() + " values into " + targets.size() + " variables");
                }
                for (int i = 0; i < targets.size(); i++) {
                    assign(targets.get(i), values.get(i), scope);
                }
            }
        }
    }

    private Object filter(Object input, List<FilterCall> filters, Scope scope) {
        Object value = input;
        for (FilterCall filter : filters) {
            value = apply(filter, value, scope);
        }
        return value;
    }

    private Object apply(FilterCall filter, Object input, Scope scope) {
        Arguments arguments = arguments(filter.inputs(), scope);
        line = filter.line();
        return Filters.apply(filter.name(), input, arguments);
    }

    /** The value of an expression, as plain text where it is {@link Markup}. */
    Object evaluate(Expression expression, Scope scope) {
        Object value = value(expression, scope);
        return value instanceof Markup markup ? markup.text() : value;
    }

    private Object value(Expression expression, Scope scope) {
        deepen();
        Budget.step(1);
        Object value = switch (expression) {
            case Expression.Literal literal -> literal.value();
            case Expression.Name name -> scope.get(name.name());
            case Expression.ListOf list -> all(list.elements(), scope);
            case Expression.TupleOf tuple -> new Tuple(all(tuple.elements(), scope));
            case Expression.DictOf dict -> dict(dict, scope);
            case Expression.Attribute attribute ->
                Attributes.attribute(evaluate(attribute.target(), scope), attribute.name());
            case Expression.Item item -> Attributes.item(evaluate(item.target(), scope), evaluate(item.key(), scope));
            case Expression.Slice slice -> slice(slice, scope);
            case Expression.Call call -> call(call, scope);
            case Expression.Filter filter -> filter(filter, scope);
            case Expression.Test test -> test(test, scope);
            case Expression.Negative negative -> Arithmetic.negate(evaluate(negative.operand(), scope));
            case Expression.Positive positive -> Arithmetic.plus(evaluate(positive.operand(), scope));
            case Expression.Not not -> !Values.truth(evaluate(not.operand(), scope));
            case Expression.And and -> {
                Object left = value(and.left(), scope);
                yield Values.truth(left) ? value(and.right(), scope) : left;
            }
            case Expression.Or or -> {
                Object left = value(or.left(), scope);
                yield Values.truth(left) ? left : value(or.right(), scope);
            }
            case Expression.Binary binary -> binary(binary, scope);
            case Expression.Concatenation concatenation -> concatenate(concatenation, scope);
            case Expression.Comparison comparison -> compare(comparison, scope);
            case Expression.Conditional conditional -> conditional(conditional, scope);
        };
        depth--;
        return value;
    }

    private List<Object> all(List<Expression> expressions, Scope scope) {
        List<Object> values = new ArrayList<>(expressions.size());
        for (Expression expression : expressions) {
            values.add(evaluate(expression, scope));
        }
        return values;
    }

    private Object dict(Expression.DictOf literal, Scope scope) {
        Map<Object, Object> dict =
                LinkedHashMap.newLinkedHashMap(literal.entries().size());
        for (Expression.Entry entry : literal.entries()) {
            Object key = evaluate(entry.key(), scope);
            Values.put(dict, key, evaluate(entry.value(), scope));
        }
        return dict;
    }

    private Object slice(Expression.Slice slice, Scope scope) {
        return Attributes.slice(
                evaluate(slice.target(), scope),
                bound(slice.start(), scope),
                bound(slice.stop(), scope),
                bound(slice.step(), scope));
    }

    private Object bound(@Nullable Expression bound, Scope scope) {
        return bound == null ? None.NONE : evaluate(bound, scope);
    }

    private Object call(Expression.Call call, Scope scope) {
        Object callee = evaluate(call.callee(), scope);
        Arguments arguments = arguments(call.inputs(), scope);
        line = call.line();
        return call(callee, arguments);
    }

    private static Object call(Object callee, Arguments arguments) {
        return switch (callee) {
            case Callable callable -> callable.call(arguments);
            case Undefined undefined -> throw undefined.failure();
            default -> throw new TemplateException("'" + Values.typeName(callee) + "' object is not callable");
        };
    }

    private Arguments arguments(Inputs inputs, Scope scope) {
        List<Object> positional = all(inputs.positional(), scope);
        Map<String, Object> named = new LinkedHashMap<>();
        for (Expression.NamedInput input : inputs.named()) {
            if (named.put(input.name(), evaluate(input.value(), scope)) != null) {
                throw new TemplateException("the argument '" + input.name() + "' is given twice");
            }
        }
        if (inputs.spread() != null) {
            Iterator<Object> rest = Values.iterate(evaluate(inputs.spread(), scope));
            rest.forEachRemaining(positional::add);
        }
        if (inputs.namedSpread() != null) {
            if (!(evaluate(inputs.namedSpread(), scope) instanceof Map<?, ?> spread)) {
                throw new TemplateException("the argument after ** must be a mapping");
            }
            spread.forEach((name, value) -> named.put(Values.string(name, "the name of an argument"), value));
        }
        return new Arguments(positional, named);
    }

    private Object filter(Expression.Filter filter, Scope scope) {
        Object input = value(filter.input(), scope);
        boolean keepsMarkup = switch (filter.call().name()) {
            case "safe", "escape", "e", "string" -> true;
            default -> false;
        };
        Object plain = input instanceof Markup markup && !keepsMarkup ? markup.text() : input;
        return apply(filter.call(), plain, scope);
    }

    private Object test(Expression.Test test, Scope scope) {
        Object input = test.name().equals("escaped") ? value(test.input(), scope) : evaluate(test.input(), scope);
        Arguments arguments = arguments(test.inputs(), scope);
        line = test.line();
        return Tests.apply(test.name(), input, arguments);
    }

    private Object binary(Expression.Binary binary, Scope scope) {
        Object left = value(binary.left(), scope);
        Object right = value(binary.right(), scope);
        boolean isText = (left instanceof String || left instanceof Markup)
                && (right instanceof String || right instanceof Markup);
        if (binary.operator().equals("+") && isText && !(left instanceof String && right instanceof String)) {
            return Markup.join(left, right);
        }
        return Arithmetic.apply(
                binary.operator(),
                left instanceof Markup markup ? markup.text() : left,
                right instanceof Markup markup ? markup.text() : right);
    }

    private Object concatenate(Expression.Concatenation concatenation, Scope scope) {
        StringBuilder text = new StringBuilder();
        for (Expression part : concatenation.parts()) {
            write(PythonText.str(value(part, scope)), text);
        }
        return text.toString();
    }

    private Object compare(Expression.Comparison comparison, Scope scope) {
        Object left = evaluate(comparison.first(), scope);
        for (Expression.Link link : comparison.links()) {
            Object right = evaluate(link.operand(), scope);
            if (!Tests.compare(link.operator(), left, right)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    private Object conditional(Expression.Conditional conditional, Scope scope) {
        if (Values.truth(evaluate(conditional.condition(), scope))) {
            return value(conditional.then(), scope);
        }
        Expression otherwise = conditional.otherwise();
        return otherwise == null
                ? new Undefined(
                        "the inline if-expression on line " + conditional.line() + " was false and has no else part")
                : value(otherwise, scope);
    }
}
