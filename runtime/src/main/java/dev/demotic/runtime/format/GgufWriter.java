package dev.demotic.runtime.format;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.tensor.TensorType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;

/**
 * Writes a GGUF file, version 3, little-endian, front to back.
 *
 * <p>The metadata and the list of tensors are given first, then the bytes of each tensor in that order, in pieces of any
 * size. The file appears under its name at {@link #finish()} and not before; without it {@link #close()} leaves nothing.
 */
public final class GgufWriter implements AutoCloseable {
    /**
     * A tensor to come.
     *
     * @param name the GGUF name
     * @param type how the elements are stored
     * @param shape the dimensions, the contiguous one first
     */
    public record Slot(String name, TensorType type, long[] shape) {
        /** Size of the stored elements. */
        public long bytes() {
            return type.bytes(Arrays.stream(shape).reduce(1, Math::multiplyExact));
        }
    }

    private static final int VERSION = 3;
    private static final int PIECE = 1 << 26;

    private final Path target;
    private final Path temporary;
    private final FileChannel channel;
    private final int alignment;
    private final Iterator<Slot> slots;
    private long due;
    private boolean finished;

    /**
     * Starts a file.
     *
     * @throws DemoticException if the target cannot be written, or the disk has not the space for all of it
     */
    public GgufWriter(Path target, Metadata metadata, List<Slot> slots) {
        this.target = target.toAbsolutePath();
        this.alignment = GgufFile.alignment(target, metadata);
        this.slots = slots.iterator();
        this.temporary = this.target.resolveSibling(
                "." + this.target.getFileName() + "." + Long.toHexString(System.nanoTime()) + ".part");
        byte[] header = header(metadata, slots);
        if (Files.isDirectory(target)) {
            throw new DemoticException(target + " is a folder; name the file to write");
        }
        try {
            requireSpace(slots.stream().mapToLong(slot -> padded(slot.bytes())).reduce(header.length, Math::addExact));
            channel = FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
            temporary.toFile().deleteOnExit();
        } catch (IOException | ArithmeticException e) {
            throw failure(e);
        }
        try {
            put(ByteBuffer.wrap(header));
            nextSlot();
        } catch (DemoticException e) {
            close();
            throw e;
        }
    }

    /** Appends bytes of the tensor that is due. */
    public void write(MemorySegment bytes) {
        if (bytes.byteSize() > due) {
            throw new IllegalArgumentException("more bytes than the tensor has");
        }
        for (long at = 0; at < bytes.byteSize(); at += PIECE) {
            put(bytes.asSlice(at, Math.min(PIECE, bytes.byteSize() - at)).asByteBuffer());
        }
        due -= bytes.byteSize();
        if (due == 0) {
            pad();
            nextSlot();
        }
    }

    /** Moves the complete file to its name, over any older one there. */
    public void finish() {
        if (due > 0 || slots.hasNext()) {
            throw new IllegalStateException("tensor data is missing");
        }
        try {
            channel.force(true);
            channel.close();
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
            finished = true;
        } catch (IOException e) {
            throw failure(e);
        }
    }

    @Override
    public void close() {
        if (!finished) {
            try {
                channel.close();
                Files.deleteIfExists(temporary);
            } catch (IOException e) {
                throw failure(e);
            }
        }
    }

    private void nextSlot() {
        due = slots.hasNext() ? slots.next().bytes() : 0;
    }

    private void pad() {
        try {
            put(ByteBuffer.allocate((int) (padded(channel.position()) - channel.position())));
        } catch (IOException e) {
            throw failure(e);
        }
    }

    private void put(ByteBuffer bytes) {
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            throw failure(e);
        }
    }

    private long padded(long bytes) {
        return Math.addExact(bytes, alignment - 1) & -(long) alignment;
    }

    private void requireSpace(long bytes) throws IOException {
        Path folder = target.getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new DemoticException(
                    "there is no folder " + folder + " to write " + target.getFileName() + " into; make it first");
        }
        long free = Files.getFileStore(folder).getUsableSpace();
        if (bytes > free) {
            throw new DemoticException(target + " needs " + bytes + " bytes but the disk has " + free
                    + " free; make room or write elsewhere");
        }
    }

    private DemoticException failure(Exception e) {
        String reason = e instanceof FileSystemException file && file.getReason() != null
                ? file.getReason()
                : e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return new DemoticException(target + " cannot be written (" + reason + "); make room or write elsewhere", e);
    }

    private byte[] header(Metadata metadata, List<Slot> slots) {
        GgufHeader header = new GgufHeader();
        header.int32(GgufFile.MAGIC);
        header.int32(VERSION);
        header.int64(slots.size());
        header.int64(metadata.values().size());
        metadata.values().forEach(header::entry);
        long offset = 0;
        Set<String> names = new HashSet<>();
        for (Slot slot : slots) {
            if (!names.add(slot.name())) {
                throw new DemoticException(
                        "the tensor " + slot.name() + " comes twice, so " + target + " is not written");
            }
            header.tensor(slot, offset);
            offset = Math.addExact(offset, padded(slot.bytes()));
        }
        header.padTo(alignment);
        return header.bytes();
    }
}
