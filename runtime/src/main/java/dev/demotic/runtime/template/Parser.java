package dev.demotic.runtime.template;

import dev.demotic.runtime.template.Statement.Branch;
import dev.demotic.runtime.template.Statement.MacroDefinition;
import dev.demotic.runtime.template.Statement.Parameter;
import dev.demotic.runtime.template.Statement.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads the tags of a template: tokens to statements. What stands inside the tags is {@link ExpressionParser}'s. */
final class Parser {
    private static final int DEEPEST = 100;

    private final Tokens tokens;
    private final ExpressionParser expressions;
    private int depth;
    private int loops;

    private Parser(Tokens tokens) {
        this.tokens = tokens;
        this.expressions = new ExpressionParser(tokens);
    }

    static List<Statement> parse(String template) {
        Parser parser = new Parser(new Tokens(Lexer.tokenize(template)));
        return parser.body(Set.of());
    }

    /** Statements up to a tag named in {@code ends}, which is left as the current token; to the end if none is. */
    private List<Statement> body(Set<String> ends) {
        if (++depth > DEEPEST) {
            throw tokens.error("tags are nested more than " + DEEPEST + " deep");
        }
        List<Statement> body = new ArrayList<>();
        while (true) {
            Token token = tokens.next();
            switch (token.kind()) {
                case TEXT -> body.add(new Statement.Text(token.text()));
                case OUTPUT_BEGIN -> {
                    Expression expression = expressions.tuple();
                    tokens.expect(Token.Kind.OUTPUT_END);
                    body.add(new Statement.Output(expression, token.line()));
                }
                case BLOCK_BEGIN -> {
                    if (tokens.current().kind() == Token.Kind.NAME
                            && ends.contains(tokens.current().text())) {
                        depth--;
                        return List.copyOf(body);
                    }
                    body.add(statement());
                    tokens.expect(Token.Kind.BLOCK_END);
                }
                default -> {
                    if (!ends.isEmpty()) {
                        throw tokens.error(
                                "the template ends where a tag of " + new java.util.TreeSet<>(ends) + " is missing");
                    }
                    depth--;
                    return List.copyOf(body);
                }
            }
        }
    }

    /** The body of a tag, its opening tag's end and its {@code end} tag's name included. */
    private List<Statement> bodyTo(String end) {
        tokens.expect(Token.Kind.BLOCK_END);
        List<Statement> body = body(Set.of(end));
        tokens.next();
        return body;
    }

    private Statement statement() {
        Token tag = tokens.expect(Token.Kind.NAME);
        int line = tag.line();
        return switch (tag.text()) {
            case "if" -> conditional(line);
            case "for" -> loop(line);
            case "set" -> assignment(line);
            case "macro" -> new Statement.DefineMacro(macro());
            case "call" -> callBlock(line);
            case "filter" -> {
                var filters = expressions.filters(true);
                yield new Statement.FilterBlock(filters, outsideLoop("endfilter"), line);
            }
            case "with" -> with(line);
            case "print" -> new Statement.Output(expressions.tuple(), line);
            case "generation" -> new Statement.Generation(outsideLoop("endgeneration"));
            case "break" -> insideLoop(tag, new Statement.Break());
            case "continue" -> insideLoop(tag, new Statement.Continue());
            case "block", "extends", "include", "import", "from", "autoescape", "do", "trans", "debug" ->
                throw new TemplateException("the tag '" + tag.text() + "' is not supported in chat templates").at(line);
            default -> throw new TemplateException("unknown or misplaced tag '" + tag.text() + "'").at(line);
        };
    }

    private Statement insideLoop(Token tag, Statement jump) {
        if (loops == 0) {
            throw new TemplateException("'" + tag.text() + "' outside of a loop").at(tag.line());
        }
        return jump;
    }

    private List<Statement> outsideLoop(String end) {
        int outer = loops;
        loops = 0;
        List<Statement> body = bodyTo(end);
        loops = outer;
        return body;
    }

    private Statement conditional(int line) {
        List<Branch> branches = new ArrayList<>();
        List<Statement> otherwise = List.of();
        int branchLine = line;
        while (true) {
            Expression condition = expressions.tupleWithoutConditional();
            tokens.expect(Token.Kind.BLOCK_END);
            branches.add(new Branch(condition, body(Set.of("elif", "else", "endif")), branchLine));
            Token tag = tokens.next();
            branchLine = tag.line();
            if (tag.isName("elif")) {
                continue;
            }
            if (tag.isName("else")) {
                otherwise = bodyTo("endif");
            }
            return new Statement.If(List.copyOf(branches), otherwise);
        }
    }

    private Statement loop(int line) {
        Target target = target(false);
        tokens.expectName("in");
        Expression iterable = expressions.tupleWithoutConditional();
        Expression filter = tokens.skipName("if") ? expressions.expression() : null;
        boolean recursive = tokens.skipName("recursive");
        tokens.expect(Token.Kind.BLOCK_END);
        loops++;
        List<Statement> body = body(Set.of("else", "endfor"));
        loops--;
        List<Statement> otherwise = tokens.next().isName("else") ? bodyTo("endfor") : List.of();
        return new Statement.For(target, iterable, filter, recursive, body, otherwise, line);
    }

    private Statement assignment(int line) {
        Target target = target(true);
        if (tokens.skip("=")) {
            return new Statement.Set(target, expressions.tuple(), line);
        }
        var filters = expressions.filters(false);
        return new Statement.SetBlock(target, filters, bodyTo("endset"), line);
    }

    private Statement with(int line) {
        List<Statement.Set> bindings = new ArrayList<>();
        while (tokens.current().kind() != Token.Kind.BLOCK_END) {
            if (!bindings.isEmpty()) {
                tokens.expect(",");
            }
            Target target = new Target.Variable(tokens.expect(Token.Kind.NAME).text());
            tokens.expect("=");
            bindings.add(new Statement.Set(target, expressions.expression(), line));
        }
        return new Statement.With(List.copyOf(bindings), bodyTo("endwith"));
    }

    private MacroDefinition macro() {
        String name = tokens.expect(Token.Kind.NAME).text();
        tokens.expect("(");
        List<Parameter> parameters = parameters();
        return macro(name, parameters, "endmacro");
    }

    private MacroDefinition macro(String name, List<Parameter> parameters, String end) {
        Set<String> outside = expressions.takeNames();
        List<Statement> body = outsideLoop(end);
        Set<String> inside = expressions.takeNames();
        expressions.putNames(outside);
        expressions.putNames(inside);
        return new MacroDefinition(
                name,
                parameters,
                body,
                inside.contains("caller"),
                inside.contains("varargs"),
                inside.contains("kwargs"));
    }

    private Statement callBlock(int line) {
        List<Parameter> parameters = tokens.skip("(") ? parameters() : List.of();
        if (!(expressions.expression() instanceof Expression.Call call)) {
            throw new TemplateException("the tag 'call' wants the call of a macro").at(line);
        }
        return new Statement.CallBlock(macro("caller", parameters, "endcall"), call, line);
    }

    private List<Parameter> parameters() {
        List<Parameter> parameters = new ArrayList<>();
        while (!tokens.skip(")")) {
            if (!parameters.isEmpty()) {
                tokens.expect(",");
            }
            Token name = tokens.expect(Token.Kind.NAME);
            Expression otherwise = tokens.skip("=") ? expressions.expression() : null;
            if (otherwise == null
                    && !parameters.isEmpty()
                    && parameters.getLast().otherwise() != null) {
                throw new TemplateException(
                                "parameter '" + name.text() + "' needs a default as the one before it has one")
                        .at(name.line());
            }
            parameters.add(new Parameter(name.text(), otherwise));
        }
        return List.copyOf(parameters);
    }

    /** A target or several separated by commas; with attributes of namespaces where {@code attributes} allows them. */
    private Target target(boolean attributes) {
        Target first = singleTarget(attributes);
        if (!tokens.current().isOperator(",")) {
            return first;
        }
        List<Target> targets = new ArrayList<>(List.of(first));
        while (tokens.skip(",") && startsTarget()) {
            targets.add(singleTarget(attributes));
        }
        return new Target.Unpacking(List.copyOf(targets));
    }

    private boolean startsTarget() {
        Token token = tokens.current();
        return token.isOperator("(") || token.kind() == Token.Kind.NAME && !token.isName("in");
    }

    private Target singleTarget(boolean attributes) {
        if (tokens.skip("(")) {
            if (++depth > DEEPEST) {
                throw tokens.error("targets are nested too deep");
            }
            Target inner = target(attributes);
            depth--;
            tokens.expect(")");
            return inner;
        }
        Token name = tokens.expect(Token.Kind.NAME);
        if (ExpressionParser.isConstant(name.text())) {
            throw new TemplateException("'" + name.text() + "' cannot be assigned to").at(name.line());
        }
        if (attributes && tokens.skip(".")) {
            return new Target.NamespaceAttribute(
                    name.text(), tokens.expect(Token.Kind.NAME).text());
        }
        return new Target.Variable(name.text());
    }
}
