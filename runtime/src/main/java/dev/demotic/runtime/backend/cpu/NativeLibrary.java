package dev.demotic.runtime.backend.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The native kernels (src/main/native) of this build, as it found a C compiler for them.
 *
 * <p>Handles are constants, which is what makes a call cost nanoseconds; which set of kernels runs is an argument. Addresses
 * are passed as numbers: whoever calls keeps the memory alive.
 */
final class NativeLibrary {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final Loaded LOADED = load();
    private static final @Nullable SymbolLookup LIBRARY = LOADED.library();
    /** For calls of microseconds, during which the collector may wait for the thread: they cost a fifth of others. */
    private static final Linker.Option SHORT = Linker.Option.critical(false);

    static final MethodHandle PACK = handle("pack", null, "llllllll");
    static final MethodHandle PRODUCT = handle("product", null, "lllllllllllllll");
    static final MethodHandle QUANTIZE = handle("quantize", null, "llllllll", SHORT);
    static final MethodHandle TO_BF16 = handle("to_bf16", null, "lllllll", SHORT);
    static final MethodHandle RMS_NORM = handle("rms_norm", null, "llllfl", SHORT);
    static final MethodHandle GATE = handle("gate", null, "lllllll");
    static final MethodHandle ADD = handle("add", null, "lllfl", SHORT);
    static final MethodHandle ROTATE = handle("rotate", null, "llllllllll", SHORT);
    static final MethodHandle COPY_FINITE = handle("copy_finite", JAVA_LONG, "llll", SHORT);
    /** On memory of the heap or outside it, as the next. */
    static final MethodHandle EXPONENTIALS = handle("exponentials", null, "lal", Linker.Option.critical(true));

    static final MethodHandle HIGHEST = handle("highest", JAVA_FLOAT, "lall", Linker.Option.critical(true));

    static final MethodHandle STORE = handle("store", null, "lllll", SHORT);
    static final MethodHandle ATTEND = handle("attend", null, "llllll");
    static final MethodHandle INT8_PEAK = handle("int8_peak", JAVA_DOUBLE, "ll");
    static final MethodHandle READ_STREAM = handle("read_stream", JAVA_LONG, "lll");
    private static final MethodHandle SET = handle("set", JAVA_LONG, "l");
    private static final MethodHandle NAME = handle("name", ADDRESS, "l");
    private static final MethodHandle RUNS_HERE = handle("runs_here", JAVA_LONG, "l");
    private static final MethodHandle ROUNDS_ROWS = handle("rounds_rows", JAVA_LONG, "l");

    private NativeLibrary() {}

    /**
     * A set of kernels.
     *
     * @param address what calls name it by
     * @param name the instructions it is made for
     * @param roundsRows whether products with BF16 weights take bfloat16 rows
     */
    record KernelSet(long address, String name, boolean roundsRows) {}

    /** @param whyNot why there is no library, else empty */
    private record Loaded(@Nullable SymbolLookup library, String whyNot) {}

    /** Why there are no native kernels, for people; empty if there is a library. */
    static String whyNot() {
        return LOADED.whyNot();
    }

    /** The sets that this processor can run, best first; empty without a library. */
    static List<KernelSet> sets() {
        List<KernelSet> sets = new ArrayList<>();
        if (LIBRARY == null) {
            return sets;
        }
        try {
            for (long i = 0, set; (set = (long) SET.invokeExact(i)) != 0; i++) {
                if ((long) RUNS_HERE.invokeExact(set) != 0) {
                    MemorySegment name = (MemorySegment) NAME.invokeExact(set);
                    boolean roundsRows = (long) ROUNDS_ROWS.invokeExact(set) != 0;
                    sets.add(new KernelSet(set, name.reinterpret(64).getString(0), roundsRows));
                }
            }
        } catch (Throwable thrown) {
            throw failed(thrown);
        }
        return sets;
    }

    /** A call cannot fail but for a mistake in this program. */
    static IllegalStateException failed(Throwable thrown) {
        return new IllegalStateException("a native kernel cannot be called", thrown);
    }

    private static Loaded load() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("mac") ? "macos" : "linux";
        String machine = System.getProperty("os.arch").equals("amd64") ? "x86_64" : System.getProperty("os.arch");
        String file = system.equals("macos") ? "libdemotic.dylib" : "libdemotic.so";
        try (InputStream library =
                NativeLibrary.class.getResourceAsStream("native/" + system + "-" + machine + "/" + file)) {
            if (library == null) {
                return new Loaded(null, "this build found no C compiler; install gcc and build again");
            }
            // The system maps libraries from files only. Once mapped, the file may go.
            Path copy = Files.createTempFile("demotic", file);
            try {
                Files.copy(library, copy, StandardCopyOption.REPLACE_EXISTING);
                return new Loaded(SymbolLookup.libraryLookup(copy, Arena.global()), "");
            } finally {
                Files.deleteIfExists(copy);
            }
        } catch (IOException | IllegalArgumentException failure) {
            return new Loaded(
                    null,
                    "the library cannot be loaded from the temporary folder %s (%s); name another that can hold programs by -Djava.io.tmpdir=..."
                            .formatted(System.getProperty("java.io.tmpdir"), failure.getMessage()));
        }
    }

    /**
     * @param parameters a letter each: l for a number or an address, f for a float, a for memory of the heap or outside it
     */
    @SuppressWarnings("NullAway") // a handle of a library that is not there is never called
    private static MethodHandle handle(
            String name, @Nullable MemoryLayout result, String parameters, Linker.Option... options) {
        if (LIBRARY == null) {
            return null;
        }
        MemoryLayout[] layouts = parameters
                .chars()
                .mapToObj(kind -> kind == 'f' ? JAVA_FLOAT : kind == 'a' ? ADDRESS : JAVA_LONG)
                .toArray(MemoryLayout[]::new);
        FunctionDescriptor descriptor =
                result == null ? FunctionDescriptor.ofVoid(layouts) : FunctionDescriptor.of(result, layouts);
        return LINKER.downcallHandle(LIBRARY.findOrThrow("demotic_" + name), descriptor, options);
    }
}
