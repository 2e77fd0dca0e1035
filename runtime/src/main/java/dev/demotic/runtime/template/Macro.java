package dev.demotic.runtime.template;

import dev.demotic.runtime.template.Statement.MacroDefinition;
import dev.demotic.runtime.template.Statement.Parameter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A macro where it was defined: called with arguments, it renders its body to text. */
record Macro(MacroDefinition definition, Scope closure, Interpreter interpreter) implements Callable {
    String name() {
        return definition.name();
    }

    Object get(String attribute) {
        return switch (attribute) {
            case "name" -> name();
            case "arguments" ->
                new Tuple(definition.parameters().stream().map(Parameter::name).toList());
            case "caller" -> definition.usesCaller();
            case "catch_kwargs" -> definition.usesKwargs();
            case "catch_varargs" -> definition.usesVarargs();
            default -> Undefined.attribute(this, attribute);
        };
    }

    @Override
    public Object call(Arguments arguments) {
        Scope scope = new Scope(closure);
        List<Parameter> parameters = definition.parameters();
        List<Object> positional = arguments.positional();
        Map<String, Object> named = new LinkedHashMap<>(arguments.named());
        for (int i = 0; i < parameters.size(); i++) {
            Parameter parameter = parameters.get(i);
            Object value = i < positional.size() ? positional.get(i) : named.remove(parameter.name());
            if (value == null) {
                value = parameter.otherwise() == null
                        ? new Undefined("parameter '" + parameter.name() + "' was not provided")
                        : interpreter.evaluate(parameter.otherwise(), scope);
            }
            scope.set(parameter.name(), value);
        }
        boolean ownCaller =
                parameters.stream().anyMatch(parameter -> parameter.name().equals("caller"));
        if (definition.usesCaller() && !ownCaller) {
            Object caller = named.remove("caller");
            scope.set("caller", caller == null ? new Undefined("no caller defined") : caller);
        }
        if (definition.usesKwargs()) {
            scope.set("kwargs", new LinkedHashMap<Object, Object>(named));
        } else if (!named.isEmpty()) {
            throw new TemplateException("macro '" + name() + "' takes no argument named '"
                    + named.keySet().iterator().next() + "'");
        }
        int most = parameters.size();
        if (definition.usesVarargs()) {
            scope.set("varargs", new Tuple(positional.subList(Math.min(most, positional.size()), positional.size())));
        } else if (positional.size() > most) {
            throw new TemplateException("macro '" + name() + "' takes not more than " + most + " arguments");
        }
        return interpreter.capture(definition.body(), scope);
    }
}
