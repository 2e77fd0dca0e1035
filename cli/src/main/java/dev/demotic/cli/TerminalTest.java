package dev.demotic.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Asks the C library which streams are terminals: {@link System#console()} tells of input and output together only. */
final class TerminalTest {
    private TerminalTest() {}

    static boolean isTerminal(int descriptor) {
        try {
            Linker linker = Linker.nativeLinker();
            SymbolLookup library = linker.defaultLookup();
            MethodHandle isatty = linker.downcallHandle(
                    library.find("isatty").or(() -> library.find("_isatty")).orElseThrow(),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
            return (int) isatty.invokeExact(descriptor) != 0;
        } catch (Throwable unknown) {
            return false;
        }
    }
}
