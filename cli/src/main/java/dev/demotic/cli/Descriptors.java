package dev.demotic.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** What the C library knows about file descriptors and Java does not. */
final class Descriptors {
    private Descriptors() {}

    /** True if a person sits at this descriptor: {@link System#console()} tells of input and output together only. */
    static boolean isTerminal(int descriptor) {
        try {
            MethodHandle isatty =
                    function(FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT), "isatty", "_isatty");
            return (int) isatty.invokeExact(descriptor) != 0;
        } catch (Throwable unknown) {
            return false;
        }
    }

    /** Makes descriptor {@code to} what {@code from} is. */
    static void copy(int from, int to) {
        try {
            MethodHandle dup2 = function(
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT),
                    "dup2",
                    "_dup2");
            int result = (int) dup2.invokeExact(from, to);
            if (result < 0) {
                throw new IllegalStateException("descriptor " + from + " cannot be copied to " + to);
            }
        } catch (RuntimeException | Error failure) {
            throw failure;
        } catch (Throwable failure) {
            throw new IllegalStateException(failure);
        }
    }

    private static MethodHandle function(FunctionDescriptor type, String name, String nameOnWindows) {
        SymbolLookup library = Linker.nativeLinker().defaultLookup();
        return Linker.nativeLinker()
                .downcallHandle(
                        library.find(name).or(() -> library.find(nameOnWindows)).orElseThrow(), type);
    }
}
