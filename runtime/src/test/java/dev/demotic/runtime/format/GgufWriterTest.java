package dev.demotic.runtime.format;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.tensor.TensorType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufWriterTest {
    @TempDir
    private Path folder;

    private static final List<GgufWriter.Slot> SLOTS = List.of(
            new GgufWriter.Slot("a", TensorType.F32, new long[] {3, 2}),
            new GgufWriter.Slot("scalar", TensorType.F16, new long[0]));

    @Test
    void writesTheBytesOfTheSpecification() throws IOException {
        Path path = folder.resolve("model.gguf");
        try (GgufWriter writer =
                new GgufWriter(path, new Metadata().put("name", "zoo").put("n", 7), SLOTS)) {
            // in pieces that do not fall on borders of elements
            writer.write(MemorySegment.ofArray(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
            writer.write(MemorySegment.ofArray(new byte[] {11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24}));
            writer.write(MemorySegment.ofArray(new byte[] {25, 26}));
            assertThat(path).doesNotExist();
            writer.finish();
        }
        GgufBytes expected = GgufBytes.header(3, 2, 2)
                .key("name", 8)
                .string("zoo")
                .key("n", 4)
                .u32(7)
                .tensor("a", 0, 0, 3, 2)
                .tensor("scalar", 1, 32)
                .pad(32);
        for (int i = 1; i <= 24; i++) {
            expected.u8(i);
        }
        expected.pad(32).u8(25).u8(26).pad(32);
        assertThat(Files.readAllBytes(path)).isEqualTo(expected.bytes());
        assertThat(filesInFolder()).containsExactly(path);
    }

    @Test
    void keepsEveryKindOfMetadata() {
        Metadata metadata = new Metadata().put("general.alignment", 64);
        put(metadata, Metadata.Type.UINT8, 200);
        put(metadata, Metadata.Type.INT8, -100);
        put(metadata, Metadata.Type.UINT16, 60000);
        put(metadata, Metadata.Type.INT16, -30000);
        put(metadata, Metadata.Type.UINT32, 4_000_000_000L);
        put(metadata, Metadata.Type.INT32, -5);
        put(metadata, Metadata.Type.FLOAT32, 1.5f);
        put(metadata, Metadata.Type.BOOL, true);
        put(metadata, Metadata.Type.STRING, "größer 🦉");
        put(metadata, Metadata.Type.UINT64, Long.MIN_VALUE);
        put(metadata, Metadata.Type.INT64, -1L);
        put(metadata, Metadata.Type.FLOAT64, 0.1);
        putArray(metadata, Metadata.Type.UINT8, new byte[] {1, -1});
        putArray(metadata, Metadata.Type.INT8, new byte[] {1, -1});
        putArray(metadata, Metadata.Type.UINT16, new short[] {1, -1});
        putArray(metadata, Metadata.Type.INT16, new short[] {1, -1});
        putArray(metadata, Metadata.Type.UINT32, new int[] {1, -1});
        putArray(metadata, Metadata.Type.INT32, new int[] {});
        putArray(metadata, Metadata.Type.FLOAT32, new float[] {1, -1});
        putArray(metadata, Metadata.Type.BOOL, new boolean[] {true, false});
        putArray(metadata, Metadata.Type.STRING, new String[] {"", "🦉"});
        putArray(metadata, Metadata.Type.UINT64, new long[] {1, -1});
        putArray(metadata, Metadata.Type.INT64, new long[] {1, -1});
        putArray(metadata, Metadata.Type.FLOAT64, new double[] {1, -1});
        putArray(metadata, Metadata.Type.ARRAY, new Metadata.Value[] {
            new Metadata.Value(Metadata.Type.ARRAY, Metadata.Type.INT16, new short[] {1}),
            new Metadata.Value(Metadata.Type.ARRAY, Metadata.Type.ARRAY, new Metadata.Value[0])
        });
        Path path = folder.resolve("model.gguf");
        try (GgufWriter writer = new GgufWriter(path, metadata, List.of())) {
            writer.finish();
        }
        try (GgufFile file = GgufFile.open(path)) {
            assertThat(file.metadata().values()).usingRecursiveComparison().isEqualTo(metadata.values());
            assertThat(file.metadata().values().keySet())
                    .containsExactlyElementsOf(metadata.values().keySet());
        }
    }

    private static void put(Metadata metadata, Metadata.Type type, Object value) {
        metadata.put(type.name(), new Metadata.Value(type, type, value));
    }

    private static void putArray(Metadata metadata, Metadata.Type elementType, Object values) {
        metadata.put(elementType + "[]", new Metadata.Value(Metadata.Type.ARRAY, elementType, values));
    }

    @Test
    void replacesAnOlderFileOnlyWhenComplete() throws IOException {
        Path path = Files.writeString(folder.resolve("model.gguf"), "older");
        MemorySegment data = MemorySegment.ofArray(new byte[24]);
        try (GgufWriter writer = new GgufWriter(path, new Metadata(), SLOTS)) {
            writer.write(data);
            assertThatThrownBy(writer::finish).isInstanceOf(IllegalStateException.class);
        }
        assertThat(path).hasContent("older");
        assertThat(filesInFolder()).containsExactly(path);

        try (GgufWriter writer = new GgufWriter(path, new Metadata(), SLOTS)) {
            writer.write(data);
            writer.write(data.asSlice(0, 2));
            writer.finish();
        }
        try (GgufFile file = GgufFile.open(path)) {
            assertThat(requireNonNull(file.tensors().get("a")).data().toArray(ValueLayout.JAVA_BYTE))
                    .containsOnly(0);
        }
    }

    @Test
    void refusesTargetsThatCannotBeWritten() throws IOException {
        refused(folder, "is a folder");
        refused(folder.resolve("missing/model.gguf"), "there is no folder");
        refused(Files.createFile(folder.resolve("file")).resolve("model.gguf"), "there is no folder");
        assertThat(filesInFolder()).hasSize(1);
    }

    @Test
    void refusesAFolderWithoutWritePermission() throws IOException {
        Path locked = Files.createDirectory(
                folder.resolve("locked"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("r-xr-xr-x")));
        assumeFalse(Files.isWritable(locked), "this user may write anywhere");
        refused(locked.resolve("model.gguf"), "cannot be written");
    }

    @Test
    void refusesWhatTheDiskCannotHold() throws IOException {
        Path path = folder.resolve("model.gguf");
        List<GgufWriter.Slot> huge = List.of(new GgufWriter.Slot("t", TensorType.F32, new long[] {1L << 50}));
        assertThatThrownBy(() -> new GgufWriter(path, new Metadata(), huge).close())
                .isInstanceOf(DemoticException.class)
                .hasMessageContainingAll(path.toString(), "but the disk has");
        assertThat(filesInFolder()).isEmpty();
    }

    @Test
    void refusesTheSameTensorTwice() {
        GgufWriter.Slot slot = new GgufWriter.Slot("t", TensorType.F32, new long[] {1});
        assertThatThrownBy(
                        () -> new GgufWriter(folder.resolve("model.gguf"), new Metadata(), List.of(slot, slot)).close())
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("the tensor t comes twice");
    }

    private static void refused(Path path, String message) {
        assertThatThrownBy(() -> new GgufWriter(path, new Metadata(), SLOTS).close())
                .isInstanceOf(DemoticException.class)
                .hasMessageContainingAll(path.getFileName().toString(), message);
    }

    private List<Path> filesInFolder() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
