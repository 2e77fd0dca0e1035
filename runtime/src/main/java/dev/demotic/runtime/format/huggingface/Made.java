package dev.demotic.runtime.format.huggingface;

import dev.demotic.runtime.DemoticException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Bytes of a tensor that are put together when first asked for, and then kept until the arena closes. */
final class Made implements Supplier<MemorySegment> {
    private static final long ALIGNMENT = 64;

    private final String name;
    private final long bytes;
    private final Arena arena;
    private final Consumer<MemorySegment> fill;
    private @Nullable MemorySegment made;

    Made(String name, long bytes, Arena arena, Consumer<MemorySegment> fill) {
        this.name = name;
        this.bytes = bytes;
        this.arena = arena;
        this.fill = fill;
    }

    @Override
    public synchronized MemorySegment get() {
        if (made == null) {
            MemorySegment target = allocate();
            fill.accept(target);
            made = target.asReadOnly();
        }
        return made;
    }

    private MemorySegment allocate() {
        try {
            return arena.allocate(bytes, ALIGNMENT);
        } catch (OutOfMemoryError e) {
            throw new DemoticException(
                    "rearranging tensor " + name + " takes " + (bytes >> 20)
                            + " MiB of memory that this machine does not have free; load the model as GGUF instead",
                    e);
        }
    }
}
