package dev.demotic.runtime.template;

import dev.demotic.runtime.template.Expression.FilterCall;
import dev.demotic.runtime.template.Expression.Inputs;
import dev.demotic.runtime.template.Expression.Link;
import dev.demotic.runtime.template.Expression.Literal;
import dev.demotic.runtime.template.Expression.NamedInput;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads expressions by recursive descent: one method for each level of precedence, the loosest first. */
final class ExpressionParser {
    private static final int DEEPEST = 120;
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

    private final Tokens tokens;
    private Set<String> names = new HashSet<>();
    private int depth;

    ExpressionParser(Tokens tokens) {
        this.tokens = tokens;
    }

    static boolean isConstant(String name) {
        return switch (name) {
            case "true", "True", "false", "False", "none", "None" -> true;
            default -> false;
        };
    }

    /** Forgets which variables were read so far, and returns them. */
    Set<String> takeNames() {
        Set<String> taken = names;
        names = new HashSet<>();
        return taken;
    }

    void putNames(Set<String> taken) {
        names.addAll(taken);
    }

    Expression expression() {
        return nested(this::conditional);
    }

    /** An expression, or several separated by commas, which make a tuple. */
    Expression tuple() {
        return tuple(this::expression);
    }

    /** As {@link #tuple}, but an {@code if} ends it. */
    Expression tupleWithoutConditional() {
        return tuple(() -> nested(this::or));
    }

    /** {@code | name(inputs) | name}...; the first bar is missing where {@code inline}. */
    List<FilterCall> filters(boolean inline) {
        List<FilterCall> filters = new ArrayList<>();
        if (inline) {
            filters.add(filter());
        }
        while (tokens.skip("|")) {
            filters.add(filter());
        }
        return List.copyOf(filters);
    }

    private Expression tuple(Supplier<Expression> element) {
        Expression first = element.get();
        if (!tokens.current().isOperator(",")) {
            return first;
        }
        List<Expression> elements = new ArrayList<>(List.of(first));
        while (tokens.skip(",") && !endsTuple()) {
            elements.add(element.get());
        }
        return new Expression.TupleOf(List.copyOf(elements));
    }

    private boolean endsTuple() {
        Token token = tokens.current();
        return token.kind() == Token.Kind.OUTPUT_END
                || token.kind() == Token.Kind.BLOCK_END
                || token.isOperator(")")
                || token.isName("recursive");
    }

    private Expression nested(Supplier<Expression> rule) {
        int outer = depth;
        deepen();
        Expression expression = rule.get();
        depth = outer;
        return expression;
    }

    /** Counts a level of the tree; operators that chain to the left make it deeper just as brackets do. */
    private void deepen() {
        if (++depth > DEEPEST) {
            throw tokens.error("an expression is nested more than " + DEEPEST + " deep");
        }
    }

    private Expression conditional() {
        Expression then = or();
        while (tokens.current().isName("if")) {
            int line = tokens.next().line();
            deepen();
            Expression condition = or();
            Expression otherwise = tokens.skipName("else") ? expression() : null;
            then = new Expression.Conditional(condition, then, otherwise, line);
        }
        return then;
    }

    private Expression or() {
        Expression left = and();
        while (tokens.skipName("or")) {
            deepen();
            left = new Expression.Or(left, and());
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (tokens.skipName("and")) {
            deepen();
            left = new Expression.And(left, not());
        }
        return left;
    }

    private Expression not() {
        if (tokens.skipName("not")) {
            return new Expression.Not(nested(this::not));
        }
        return comparison();
    }

    private Expression comparison() {
        Expression first = sum();
        List<Link> links = new ArrayList<>();
        while (true) {
            Token token = tokens.current();
            if (token.kind() == Token.Kind.OPERATOR && COMPARISONS.contains(token.text())) {
                tokens.next();
                links.add(new Link(token.text(), sum()));
            } else if (tokens.skipName("in")) {
                links.add(new Link("in", sum()));
            } else if (token.isName("not") && tokens.following().isName("in")) {
                tokens.next();
                tokens.next();
                links.add(new Link("not in", sum()));
            } else {
                return links.isEmpty() ? first : new Expression.Comparison(first, List.copyOf(links));
            }
        }
    }

    private Expression sum() {
        return chain(Set.of("+", "-"), this::concatenation);
    }

    private Expression concatenation() {
        Expression first = product();
        if (!tokens.current().isOperator("~")) {
            return first;
        }
        List<Expression> parts = new ArrayList<>(List.of(first));
        while (tokens.skip("~")) {
            parts.add(product());
        }
        return new Expression.Concatenation(List.copyOf(parts));
    }

    private Expression product() {
        return chain(Set.of("*", "/", "//", "%"), this::power);
    }

    private Expression power() {
        return chain(Set.of("**"), () -> unary(true));
    }

    private Expression chain(Set<String> operators, Supplier<Expression> operand) {
        Expression left = operand.get();
        while (tokens.current().kind() == Token.Kind.OPERATOR
                && operators.contains(tokens.current().text())) {
            deepen();
            left = new Expression.Binary(tokens.next().text(), left, operand.get());
        }
        return left;
    }

    private Expression unary(boolean withFilters) {
        Expression operand;
        if (tokens.skip("-")) {
            operand = new Expression.Negative(nested(() -> unary(false)));
        } else if (tokens.skip("+")) {
            operand = new Expression.Positive(nested(() -> unary(false)));
        } else {
            operand = primary();
        }
        operand = postfix(operand);
        return withFilters ? filtersAndTests(operand) : operand;
    }

    private Expression primary() {
        Token token = tokens.next();
        return switch (token.kind()) {
            case NAME ->
                switch (token.text()) {
                    case "true", "True" -> new Literal(true);
                    case "false", "False" -> new Literal(false);
                    case "none", "None" -> new Literal(None.NONE);
                    default -> {
                        names.add(token.text());
                        yield new Expression.Name(token.text());
                    }
                };
            case STRING -> {
                StringBuilder text = new StringBuilder(token.text());
                while (tokens.current().kind() == Token.Kind.STRING) {
                    text.append(tokens.next().text());
                }
                yield new Literal(text.toString());
            }
            case INTEGER, FLOAT -> new Literal(token.value());
            default ->
                switch (token.text()) {
                    case "(" -> {
                        Expression inner =
                                tokens.current().isOperator(")") ? new Expression.TupleOf(List.of()) : tuple();
                        tokens.expect(")");
                        yield inner;
                    }
                    case "[" -> new Expression.ListOf(elements("]", this::expression));
                    case "{" -> new Expression.DictOf(elements("}", this::entry));
                    default ->
                        throw new TemplateException("expected an expression but found " + token.describe())
                                .at(token.line());
                };
        };
    }

    private <T> List<T> elements(String end, Supplier<T> element) {
        List<T> elements = new ArrayList<>();
        while (!tokens.skip(end)) {
            if (!elements.isEmpty()) {
                tokens.expect(",");
                if (tokens.skip(end)) {
                    break;
                }
            }
            elements.add(element.get());
        }
        return List.copyOf(elements);
    }

    private Expression.Entry entry() {
        Expression key = expression();
        tokens.expect(":");
        return new Expression.Entry(key, expression());
    }

    private Expression postfix(Expression operand) {
        Expression result = operand;
        while (true) {
            Token token = tokens.current();
            if (tokens.skip(".")) {
                Token name = tokens.next();
                result = switch (name.kind()) {
                    case NAME -> new Expression.Attribute(result, name.text());
                    case INTEGER -> new Expression.Item(result, new Literal(name.value()));
                    default ->
                        throw new TemplateException("expected a name after '.' but found " + name.describe())
                                .at(name.line());
                };
            } else if (tokens.skip("[")) {
                result = subscript(result);
            } else if (token.isOperator("(")) {
                result = new Expression.Call(result, inputs(), token.line());
            } else {
                return result;
            }
            deepen();
        }
    }

    private Expression subscript(Expression target) {
        Expression start = tokens.current().isOperator(":") ? null : tuple();
        if (!tokens.skip(":")) {
            tokens.expect("]");
            return new Expression.Item(target, start == null ? new Literal(None.NONE) : start);
        }
        Expression stop = bound();
        Expression step = tokens.skip(":") ? bound() : null;
        tokens.expect("]");
        return new Expression.Slice(target, start, stop, step);
    }

    private @Nullable Expression bound() {
        return tokens.current().isOperator(":") || tokens.current().isOperator("]") ? null : expression();
    }

    private Expression filtersAndTests(Expression operand) {
        Expression result = operand;
        while (true) {
            Token token = tokens.current();
            if (tokens.skip("|")) {
                result = new Expression.Filter(result, filter());
            } else if (tokens.skipName("is")) {
                result = test(result, token.line());
            } else if (token.isOperator("(")) {
                result = new Expression.Call(result, inputs(), token.line());
            } else {
                return result;
            }
            deepen();
        }
    }

    private FilterCall filter() {
        Token name = tokens.expect(Token.Kind.NAME);
        Inputs inputs = tokens.current().isOperator("(") ? inputs() : Inputs.NONE;
        return new FilterCall(name.text(), inputs, name.line());
    }

    private Expression test(Expression operand, int line) {
        boolean negated = tokens.skipName("not");
        String name = tokens.expect(Token.Kind.NAME).text();
        Token token = tokens.current();
        Inputs inputs = Inputs.NONE;
        if (token.isOperator("(")) {
            inputs = inputs();
        } else if (token.isName("is")) {
            throw tokens.error("tests cannot be chained with 'is'");
        } else if (startsPrimary(token)) {
            inputs = new Inputs(List.of(postfix(primary())), List.of(), null, null);
        }
        Expression test = new Expression.Test(operand, name, inputs, line);
        return negated ? new Expression.Not(test) : test;
    }

    private static boolean startsPrimary(Token token) {
        return switch (token.kind()) {
            case NAME -> !token.isName("else") && !token.isName("or") && !token.isName("and");
            case STRING, INTEGER, FLOAT -> true;
            default -> token.isOperator("[") || token.isOperator("{");
        };
    }

    private Inputs inputs() {
        List<Expression> positional = new ArrayList<>();
        List<NamedInput> named = new ArrayList<>();
        Expression spread = null;
        Expression namedSpread = null;
        tokens.expect("(");
        boolean first = true;
        while (!tokens.skip(")")) {
            if (!first) {
                tokens.expect(",");
                if (tokens.skip(")")) {
                    break;
                }
            }
            first = false;
            boolean isNamed = tokens.current().kind() == Token.Kind.NAME
                    && tokens.following().isOperator("=");
            if (namedSpread != null || (spread != null || !named.isEmpty()) && !isNamed && !startsSpread()) {
                throw tokens.error("a positional argument follows a named one");
            }
            if (tokens.skip("**")) {
                namedSpread = expression();
            } else if (tokens.skip("*")) {
                spread = expression();
            } else if (isNamed) {
                String name = tokens.next().text();
                tokens.next();
                named.add(new NamedInput(name, expression()));
            } else {
                positional.add(expression());
            }
        }
        return new Inputs(List.copyOf(positional), List.copyOf(named), spread, namedSpread);
    }

    private boolean startsSpread() {
        return tokens.current().isOperator("*") || tokens.current().isOperator("**");
    }
}
