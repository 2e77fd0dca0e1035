package dev.demotic.runtime.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Puts GGUF files together byte by byte, sound or not, as the specification writes them; shares no code with the writer. */
final class GgufBytes {
    private final ByteBuffer buffer = ByteBuffer.allocate(1 << 22).order(ByteOrder.LITTLE_ENDIAN);

    /** Magic, version and the two counts. */
    static GgufBytes header(int version, long tensors, long entries) {
        GgufBytes bytes = new GgufBytes();
        bytes.buffer.put(new byte[] {'G', 'G', 'U', 'F'});
        return bytes.u32(version).u64(tensors).u64(entries);
    }

    GgufBytes u8(int value) {
        buffer.put((byte) value);
        return this;
    }

    GgufBytes u16(int value) {
        buffer.putShort((short) value);
        return this;
    }

    GgufBytes u32(long value) {
        buffer.putInt((int) value);
        return this;
    }

    GgufBytes u64(long value) {
        buffer.putLong(value);
        return this;
    }

    GgufBytes f32(float value) {
        buffer.putFloat(value);
        return this;
    }

    GgufBytes f64(double value) {
        buffer.putDouble(value);
        return this;
    }

    GgufBytes string(String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        u64(bytes.length);
        buffer.put(bytes);
        return this;
    }

    /** A metadata key and the id of its value's type. */
    GgufBytes key(String key, int type) {
        return string(key).u32(type);
    }

    /** An entry in the list of tensors. */
    GgufBytes tensor(String name, int type, long offset, long... shape) {
        string(name).u32(shape.length);
        for (long size : shape) {
            u64(size);
        }
        return u32(type).u64(offset);
    }

    GgufBytes pad(int alignment) {
        while (buffer.position() % alignment != 0) {
            u8(0);
        }
        return this;
    }

    GgufBytes zeros(int count) {
        buffer.put(new byte[count]);
        return this;
    }

    byte[] bytes() {
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    Path writeTo(Path file) throws IOException {
        return Files.write(file, bytes());
    }
}
