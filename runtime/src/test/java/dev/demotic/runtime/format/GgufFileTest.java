package dev.demotic.runtime.format;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.tensor.Tensor;
import dev.demotic.runtime.tensor.TensorType;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GgufFileTest {
    @TempDir
    private Path folder;

    /** Every kind of metadata, three tensors. */
    private static GgufBytes everything(int version) {
        return GgufBytes.header(version, 3, 16)
                .key("u8", 0)
                .u8(200)
                .key("i8", 1)
                .u8(-100)
                .key("u16", 2)
                .u16(60000)
                .key("i16", 3)
                .u16(-30000)
                .key("u32", 4)
                .u32(4_000_000_000L)
                .key("i32", 5)
                .u32(-5)
                .key("f32", 6)
                .f32(1.5f)
                .key("bool", 7)
                .u8(1)
                .key("string", 8)
                .string("größer 🦉")
                .key("u64", 10)
                .u64(1L << 40)
                .key("i64", 11)
                .u64(-1)
                .key("f64", 12)
                .f64(0.1)
                .key("strings", 9)
                .u32(8)
                .u64(2)
                .string("")
                .string("b")
                .key("floats", 9)
                .u32(6)
                .u64(2)
                .f32(1)
                .f32(-1)
                .key("none", 9)
                .u32(5)
                .u64(0)
                .key("nested", 9)
                .u32(9)
                .u64(2)
                .u32(0)
                .u64(2)
                .u8(1)
                .u8(255)
                .u32(7)
                .u64(1)
                .u8(0)
                .tensor("a.weight", 0, 0, 3, 2)
                .tensor("b.weight", 8, 32, 32)
                .tensor("scalar", 1, 96)
                .pad(32)
                .f32(1)
                .f32(2)
                .f32(3)
                .f32(4)
                .f32(5)
                .f32(6)
                .pad(32)
                .zeros(34)
                .pad(32)
                .u16(0x3c00);
    }

    private Path file(GgufBytes bytes) throws IOException {
        return bytes.writeTo(folder.resolve("model.gguf"));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void readsEveryKindOfMetadata(int version) throws IOException {
        try (GgufFile file = GgufFile.open(file(everything(version)))) {
            Metadata metadata = file.metadata();
            assertThat(metadata.values().keySet())
                    .containsExactly(
                            "u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "u64", "i64", "f64",
                            "strings", "floats", "none", "nested");
            assertThat(metadata.values().get("u8")).isEqualTo(scalar(Metadata.Type.UINT8, 200));
            assertThat(metadata.values().get("i8")).isEqualTo(scalar(Metadata.Type.INT8, -100));
            assertThat(metadata.values().get("u16")).isEqualTo(scalar(Metadata.Type.UINT16, 60000));
            assertThat(metadata.values().get("i16")).isEqualTo(scalar(Metadata.Type.INT16, -30000));
            assertThat(metadata.values().get("u32")).isEqualTo(scalar(Metadata.Type.UINT32, 4_000_000_000L));
            assertThat(metadata.values().get("i32")).isEqualTo(scalar(Metadata.Type.INT32, -5));
            assertThat(metadata.values().get("f32")).isEqualTo(scalar(Metadata.Type.FLOAT32, 1.5f));
            assertThat(metadata.values().get("bool")).isEqualTo(scalar(Metadata.Type.BOOL, true));
            assertThat(metadata.values().get("string")).isEqualTo(scalar(Metadata.Type.STRING, "größer 🦉"));
            assertThat(metadata.values().get("u64")).isEqualTo(scalar(Metadata.Type.UINT64, 1L << 40));
            assertThat(metadata.values().get("i64")).isEqualTo(scalar(Metadata.Type.INT64, -1L));
            assertThat(metadata.values().get("f64")).isEqualTo(scalar(Metadata.Type.FLOAT64, 0.1));
            assertThat(metadata.strings("strings")).containsExactly("", "b");
            assertThat(metadata.numbers("floats")).containsExactly(1, -1);
            assertThat(metadata.integers("none")).isEmpty();
            Metadata.Value[] nested = (Metadata.Value[])
                    requireNonNull(metadata.values().get("nested")).value();
            assertThat((byte[]) nested[0].value()).containsExactly(1, 255);
            assertThat((boolean[]) nested[1].value()).containsExactly(false);
        }
    }

    private static Metadata.Value scalar(Metadata.Type type, Object value) {
        return new Metadata.Value(type, type, value);
    }

    private static Tensor tensor(GgufFile file, String name) {
        return requireNonNull(file.tensors().get(name));
    }

    @Test
    void mapsTensorsInFileOrder() throws IOException {
        try (GgufFile file = GgufFile.open(file(everything(3)))) {
            assertThat(file.tensors().keySet()).containsExactly("a.weight", "b.weight", "scalar");
            Tensor a = tensor(file, "a.weight");
            assertThat(a.type()).isEqualTo(TensorType.F32);
            assertThat(a.shape()).containsExactly(3, 2);
            assertThat(a.data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED)).containsExactly(1, 2, 3, 4, 5, 6);
            assertThat(a.data().isReadOnly()).isTrue();
            assertThat(tensor(file, "b.weight").data().byteSize()).isEqualTo(34);
            Tensor scalar = tensor(file, "scalar");
            assertThat(scalar.elements()).isEqualTo(1);
            assertThat(scalar.data().get(ValueLayout.JAVA_SHORT_UNALIGNED, 0)).isEqualTo((short) 0x3c00);
        }
    }

    @Test
    void followsTheAlignmentOfTheFile() throws IOException {
        GgufBytes bytes = GgufBytes.header(3, 2, 1)
                .key("general.alignment", 4)
                .u32(8)
                .tensor("a", 0, 0, 1)
                .tensor("b", 0, 8, 1)
                .pad(8)
                .f32(7)
                .pad(8)
                .f32(9);
        try (GgufFile file = GgufFile.open(file(bytes))) {
            assertThat(tensor(file, "a").data().get(ValueLayout.JAVA_FLOAT, 0)).isEqualTo(7);
            assertThat(tensor(file, "b").data().get(ValueLayout.JAVA_FLOAT, 0)).isEqualTo(9);
        }
    }

    @Test
    void opensAFileWithoutTensors() throws IOException {
        try (GgufFile file =
                GgufFile.open(file(GgufBytes.header(3, 0, 1).key("k", 7).u8(1)))) {
            assertThat(file.tensors()).isEmpty();
            assertThat(file.metadata().flag("k", false)).isTrue();
        }
    }

    @Test
    void findsTensorsBeyondFourGigabytes() throws IOException {
        long large = 5L << 30;
        byte[] header = GgufBytes.header(3, 2, 0)
                .tensor("large", 0, 0, 1 << 20, large >> 22)
                .tensor("last", 0, large, 1)
                .pad(32)
                .bytes();
        Path path = folder.resolve("sparse.gguf");
        try (FileChannel channel = FileChannel.open(
                path, StandardOpenOption.CREATE_NEW, StandardOpenOption.SPARSE, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(header));
            channel.write(ByteBuffer.wrap(new byte[] {0, 0, (byte) 0x80, 0x3f}), header.length + large);
        }
        try (GgufFile file = GgufFile.open(path)) {
            assertThat(tensor(file, "large").data().byteSize()).isEqualTo(large);
            assertThat(tensor(file, "last").data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0))
                    .isEqualTo(1);
        }
    }

    @Test
    void refusesWhatIsNoFile() {
        refused(folder.resolve("missing.gguf"), "there is no file", "missing.gguf");
        refused(folder, "is a folder");
    }

    @Test
    void refusesWhatIsNoGguf() throws IOException {
        refused(new GgufBytes(), "is empty");
        refused(new GgufBytes().string("something else"), "does not begin with the letters GGUF");
        refused(new GgufBytes().u8('G').u8('G'), "ends inside the header");
        refused(GgufBytes.header(1, 0, 0), "has GGUF version 1,");
        refused(GgufBytes.header(4, 0, 0), "has GGUF version 4,");
        refused(GgufBytes.header(3 << 24, 0, 0), "is a big-endian GGUF file");
    }

    @Test
    void refusesAbsurdCountsBeforeAllocating() throws IOException {
        for (long count : new long[] {1000, Integer.MAX_VALUE, 1L << 40, Long.MAX_VALUE, -1}) {
            refused(GgufBytes.header(3, count, 0).zeros(500), "announces " + Long.toUnsignedString(count) + " tensors");
            refused(
                    GgufBytes.header(3, 0, count).zeros(500),
                    "announces " + Long.toUnsignedString(count) + " metadata");
            for (int type = 0; type <= 12; type++) {
                refused(
                        GgufBytes.header(3, 0, 1)
                                .key("k", 9)
                                .u32(type)
                                .u64(count)
                                .zeros(500),
                        "metadata key k");
            }
            refused(GgufBytes.header(3, 0, 1).key("k", 8).u64(count).zeros(500), "metadata key k");
            refused(GgufBytes.header(3, 0, 1).u64(count).zeros(500), "metadata key 1 of 1");
        }
    }

    @Test
    void refusesUnsoundMetadata() throws IOException {
        refused(GgufBytes.header(3, 0, 2).key("k", 7).u8(1).key("k", 7).u8(1), "the metadata key k twice");
        refused(GgufBytes.header(3, 0, 1).key("", 7).u8(1).zeros(9), "an empty metadata key");
        refused(GgufBytes.header(3, 0, 1).key("k", 7).u8(2), "metadata key k the truth value 2");
        refused(GgufBytes.header(3, 0, 1).key("k", 13).u8(1), "metadata key k the unknown value type 13");
        refused(GgufBytes.header(3, 0, 1).key("general.alignment", 4).u32(0), "general.alignment 0");
        refused(GgufBytes.header(3, 0, 1).key("general.alignment", 4).u32(24), "general.alignment 24");
        refused(GgufBytes.header(3, 0, 1).key("general.alignment", 8).string("x"), "no number under general.alignment");
        refused(GgufBytes.header(3, 0, 1).key("split.count", 2).u16(3), "one of 3 parts");
        GgufBytes deep = GgufBytes.header(3, 0, 1).key("k", 9);
        for (int i = 0; i < 100_000; i++) {
            deep.u32(9).u64(1);
        }
        refused(deep, "nests metadata key k deeper");
    }

    @Test
    void refusesUnsoundTensors() throws IOException {
        refused(one().tensor("t", 0, 0, 1, 1, 1, 1, 1).zeros(64), "gives tensor t 5 dimensions");
        refused(one().tensor("t", 0, 0, 4, 0).zeros(64), "the shape [4, 0]");
        refused(one().tensor("t", 0, 0, 4, -1).zeros(64), "the shape [4, -1]");
        refused(one().tensor("t", 0, 0, 1L << 32, 1L << 32).zeros(64), "the shape [4294967296, 4294967296]");
        refused(one().tensor("t", 0, 0, 1L << 62).zeros(64), "the shape [4611686018427387904]");
        refused(one().tensor("t", 23, 0, 256).zeros(256), "stores tensor t as type 23 (IQ4_XS)");
        refused(one().tensor("t", -1, 0, 256).zeros(256), "stores tensor t as type 4294967295 (unknown)");
        refused(one().tensor("t", 12, 0, 128, 2).zeros(256), "rows of 128 elements, but Q4_K needs a multiple of 256");
        refused(one().tensor("t", 0, 4, 1).zeros(64), "offset 4, which is no multiple of its alignment 32");
        refused(one().tensor("t", 0, -32, 1).zeros(64), "places tensor t at offset");
        refused(one().tensor("t", 0, 1L << 62, 1).zeros(64), "ends before the data of tensor t");
        refused(one().tensor("t", 0, 0, 9).pad(32).zeros(35), "ends before the data of tensor t");
        refused(
                GgufBytes.header(3, 2, 0)
                        .tensor("t", 0, 0, 1)
                        .tensor("t", 0, 32, 1)
                        .zeros(99),
                "the tensor t twice");
        refused(
                GgufBytes.header(3, 2, 0)
                        .tensor("s", 0, 32, 1)
                        .tensor("t", 0, 0, 9)
                        .zeros(99),
                "t and s over each other");
    }

    private static GgufBytes one() {
        return GgufBytes.header(3, 1, 0);
    }

    @Test
    void refusesTruncationAtEveryByte() throws IOException {
        byte[] whole = everything(3).bytes();
        Path path = folder.resolve("truncated.gguf");
        for (int length = 0; length < whole.length; length++) {
            Files.write(path, Arrays.copyOf(whole, length));
            refused(path, "");
        }
    }

    @Test
    void survivesDamageAnywhere() throws IOException {
        byte[] whole = everything(3).bytes();
        Path path = folder.resolve("damaged.gguf");
        Random random = new Random(42);
        for (int round = 0; round < 1500; round++) {
            byte[] damaged = whole.clone();
            for (int i = 0; i <= random.nextInt(3); i++) {
                int at = random.nextInt(damaged.length);
                damaged[at] = (byte) (random.nextBoolean() ? random.nextInt() : damaged[at] ^ 1 << random.nextInt(8));
            }
            Files.write(path, damaged);
            try (GgufFile file = GgufFile.open(path)) {
                for (Tensor tensor : file.tensors().values()) {
                    assertThat(tensor.data().byteSize()).isEqualTo(tensor.type().bytes(tensor.elements()));
                }
            } catch (DemoticException e) {
                assertThat(e).hasMessageContaining(path.toString());
            }
        }
    }

    @Test
    void readsALargeVocabulary() throws IOException {
        String[] tokens = IntStream.range(0, 100_000).mapToObj(i -> "token" + i).toArray(String[]::new);
        GgufBytes bytes = GgufBytes.header(3, 0, 1).key("tokens", 9).u32(8).u64(tokens.length);
        for (String token : tokens) {
            bytes.string(token);
        }
        try (GgufFile file = GgufFile.open(file(bytes))) {
            assertThat(file.metadata().strings("tokens")).isEqualTo(tokens);
        }
    }

    @Test
    void tellsGgufFilesFromOthers() throws IOException {
        assertThat(GgufFile.isGguf(file(everything(3)))).isTrue();
        assertThat(GgufFile.isGguf(file(new GgufBytes().string("x")))).isFalse();
        assertThat(GgufFile.isGguf(folder)).isFalse();
        assertThat(GgufFile.isGguf(folder.resolve("missing"))).isFalse();
    }

    private void refused(GgufBytes bytes, String... message) throws IOException {
        refused(file(bytes), message);
    }

    private static void refused(Path path, String... message) {
        assertThatThrownBy(() -> GgufFile.open(path).close())
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining(path.toString())
                .hasMessageContainingAll(message);
    }
}
