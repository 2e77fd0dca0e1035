package dev.demotic.runtime.template;

/**
 * What a missing variable, attribute or element is: prints as nothing, is false and empty; any other use is an error.
 *
 * @param reason why there is nothing, which becomes the error's message
 */
record Undefined(String reason) {
    static Undefined variable(String name) {
        return new Undefined("'" + name + "' is undefined");
    }

    static Undefined attribute(Object target, Object name) {
        return new Undefined(
                name instanceof String
                        ? "'" + describe(target) + "' has no attribute " + PythonText.repr(name)
                        : describe(target) + " has no element " + PythonText.repr(name));
    }

    private static String describe(Object target) {
        return target == None.NONE ? "None" : Values.typeName(target) + " object";
    }

    TemplateException failure() {
        return new TemplateException(reason);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Undefined;
    }

    @Override
    public int hashCode() {
        return 0;
    }
}
