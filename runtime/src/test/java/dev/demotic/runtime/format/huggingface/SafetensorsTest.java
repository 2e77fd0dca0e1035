package dev.demotic.runtime.format.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.huggingface.Safetensors.Stored;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
    @TempDir
    Path folder;

    private TinyFolder tiny() {
        return new TinyFolder(folder, "F32")
                .tensor("first", 2, 3)
                .tensor("scalar")
                .tensor("empty", 0, 4)
                .tensor("last", 5);
    }

    private Path write(byte[] content) throws IOException {
        return Files.write(folder.resolve("model.safetensors"), content);
    }

    private Path write(String header, int dataBytes) throws IOException {
        return write(TinyFolder.withHeader(header, new byte[dataBytes]));
    }

    private static void assertSameValues(TinyFolder tiny, Safetensors read) {
        assertThat(read.tensors()).containsOnlyKeys(tiny.weights.keySet());
        tiny.weights.forEach((name, weight) -> {
            Stored tensor = Objects.requireNonNull(read.tensors().get(name));
            assertThat(tensor.dtype()).isEqualTo(weight.dtype());
            assertThat(tensor.shape()).isEqualTo(weight.shape());
            assertThat(tensor.data().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(weight.bytes());
        });
    }

    @Test
    void readsWhatWasWritten() {
        TinyFolder tiny = tiny().save();
        try (Arena arena = Arena.ofConfined()) {
            assertSameValues(tiny, Safetensors.inFolder(folder, arena));
        }
    }

    @ParameterizedTest
    @CsvSource({"1", "2", "3"})
    void readsShards(int shards) {
        TinyFolder tiny = tiny().saveSharded(shards);
        try (Arena arena = Arena.ofConfined()) {
            assertSameValues(tiny, Safetensors.inFolder(folder, arena));
        }
    }

    @Test
    void namesTheMissingShard() throws IOException {
        tiny().saveSharded(2);
        Files.delete(folder.resolve(TinyFolder.shardName(1)));
        assertFolderRejected(TinyFolder.shardName(1) + " is missing, one of the 2 shards");
    }

    @Test
    void namesTheTensorThatAShardLacks() {
        tiny().saveSharded(2)
                .file(
                        "model.safetensors.index.json",
                        "{\"weight_map\": {\"last\": \"" + TinyFolder.shardName(0) + "\"}}");
        assertFolderRejected("looks for tensor last in model-00000.safetensors, which does not hold it");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"weight_map\": {}}                      | lists no tensors",
                "{}                                        | lists no tensors",
                "{\"weight_map\": [1]}                     | gives weight_map as [1], but it must be an object",
                "{\"weight_map\": {\"a\": 1}}              | gives weight_map.a as 1, but it must be a string",
                "{\"weight_map\": {\"a\": \"../b\"}}       | names the shard ../b, which is no plain file name",
                "{\"weight_map\": {\"a\": \"..\"}}         | names the shard .., which is no plain file name",
                "[]                                        | holds no JSON object",
                "{                                         | is no valid JSON",
            })
    void rejectsABadIndex(String index, String message) {
        new TinyFolder(folder, "F32").file("model.safetensors.index.json", index);
        assertFolderRejected(message);
    }

    @Test
    void saysWhatToDoWithPickles() throws IOException {
        assertFolderRejected("holds neither model.safetensors nor model.safetensors.index.json; download");
        Files.createFile(folder.resolve("pytorch_model.bin"));
        assertFolderRejected("Demotic does not load pickled PyTorch weights, so save the model as safetensors first");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]}}  | 12 | holds 12 bytes of tensors, but its header describes 8",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]}}  | 4  | places tensor a at bytes 0 to 8, but holds only 4",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [3], \"data_offsets\": [0, 8]}}  | 8  | gives tensor a of type F32 and shape [3] 8 bytes",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [8, 0]}}  | 8  | places tensor a at bytes 8 to 0",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [4, 8]}}  | 8  | without gap or overlap",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}, \"b\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}} | 4 | without gap or overlap",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [4611686018427387904, 4], \"data_offsets\": [0, 0]}} | 0 | gives tensor a of type F32",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [-1], \"data_offsets\": [0, 4]}} | 4  | a shape that is no list of whole numbers",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [1.5], \"data_offsets\": [0, 4]}}| 4  | a shape that is no list of whole numbers",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": 1, \"data_offsets\": [0, 4]}}    | 4  | a shape that is no list of whole numbers",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0]}}     | 4  | 1 data_offsets in place of two",
                "{\"a\": {\"shape\": [1], \"data_offsets\": [0, 4]}}                      | 4  | gives tensor a no dtype",
                "{\"a\": 1}                                                               | 4  | gives tensor a no dtype",
                "{\"a\": {\"dtype\": \"U8\", \"shape\": [0], \"data_offsets\": [0, 0]}, \"a\": {\"dtype\": \"U8\", \"shape\": [0], \"data_offsets\": [0, 0]}} | 0 | is no valid JSON (Duplicate",
                "[]                                                                       | 0  | has a header that does not start with {",
                "{} {}                                                                    | 0  | is no valid JSON",
            })
    void rejectsABrokenRule(String header, int dataBytes, String message) throws IOException {
        write(header, dataBytes);
        assertFolderRejected(message);
    }

    @Test
    void rejectsAbsurdHeaderLengths() throws IOException {
        for (long length : new long[] {-1, 100_000_001, 1000}) {
            write(ByteBuffer.allocate(100)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(length)
                    .array());
            assertFolderRejected(length == 1000 ? "ends inside its header" : "claims a header of");
        }
        write(new byte[0]);
        assertFolderRejected("is 0 bytes long, too short for a safetensors file");
    }

    @Test
    void rejectsEveryTruncation() throws IOException {
        tiny().save();
        byte[] whole = Files.readAllBytes(folder.resolve("model.safetensors"));
        for (int length = 0; length < whole.length; length++) {
            write(Arrays.copyOf(whole, length));
            assertFolderRejected("download it again");
        }
    }

    @Test
    void survivesMutation() throws IOException {
        tiny().save();
        byte[] whole = Files.readAllBytes(folder.resolve("model.safetensors"));
        Random random = new Random(11);
        int rejected = 0;
        for (int round = 0; round < 1000; round++) {
            byte[] mutated = whole.clone();
            for (int i = random.nextInt(3); i >= 0; i--) {
                int at = random.nextInt(4) == 0 ? random.nextInt(8) : random.nextInt(whole.length);
                mutated[at] = (byte) (random.nextBoolean() ? random.nextInt(256) : whole[random.nextInt(whole.length)]);
            }
            Path file = write(mutated);
            try (Arena arena = Arena.ofConfined()) {
                Safetensors.file(file, arena).tensors().values().forEach(Stored::data);
            } catch (DemoticException e) {
                assertThat(e).hasMessageContaining("model.safetensors");
                rejected++;
            }
        }
        assertThat(rejected).isBetween(100, 999);
    }

    private void assertFolderRejected(String message) {
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> Safetensors.inFolder(folder, arena))
                    .isInstanceOf(DemoticException.class)
                    .hasMessageContaining(message)
                    .message()
                    .doesNotContain("\n");
        }
    }
}
