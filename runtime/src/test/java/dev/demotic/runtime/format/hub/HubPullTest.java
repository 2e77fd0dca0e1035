package dev.demotic.runtime.format.hub;

import static dev.demotic.runtime.format.hub.FakeHub.COMMIT;
import static dev.demotic.runtime.format.hub.FakeHub.OTHER_COMMIT;
import static dev.demotic.runtime.format.hub.FakeHub.REFERENCE;
import static dev.demotic.runtime.format.hub.FakeHub.body;
import static dev.demotic.runtime.format.hub.FakeHub.bytes;
import static dev.demotic.runtime.format.hub.FakeHub.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pulls that meet no trouble, and what is asked of whom on the way. */
class HubPullTest {
    @TempDir
    private Path cache;

    private final FakeHub fake = new FakeHub();

    @AfterEach
    void stop() {
        fake.close();
    }

    @Test
    void pullsAGgufFileFromTheStorageThatTheHubRedirectsTo() throws IOException {
        byte[] model = bytes(1, 100_000);
        fake.with("README.md", bytes(2, 10)).with("model-Q8_0.gguf", model);
        Path path = fake.on(cache).pull(REFERENCE, Progress.NONE);
        assertThat(path).isEqualTo(cache.resolve("models/ada/engine", COMMIT, "model-Q8_0.gguf"));
        assertThat(path).hasBinaryContent(model);
        assertThat(fake.toHub.getFirst().path()).isEqualTo("/api/models/ada/engine/revision/main?blobs=true");
        assertThat(fake.toHub.getLast().path()).isEqualTo("/ada/engine/resolve/" + COMMIT + "/model-Q8_0.gguf");
        assertThat(names(cache.resolve("models/ada/engine", COMMIT))).containsExactly("model-Q8_0.gguf");
    }

    @Test
    void pullsAFolderOfSafetensorsWithoutWhatTheModelDoesNotNeed() throws IOException {
        byte[] config = "{}".getBytes(StandardCharsets.UTF_8);
        fake.with("README.md", config)
                .with("config.json", config)
                .with("tokenizer.json", config)
                .with("tokenizer_config.json", config)
                .with("generation_config.json", config)
                .with("chat_template.jinja", config)
                .with("model-00001-of-00002.safetensors", bytes(1, 1000))
                .with("model-00002-of-00002.safetensors", bytes(2, 1000))
                .with("model.safetensors.index.json", config)
                .with("consolidated.safetensors", bytes(3, 1000))
                .with("pytorch_model.bin", config)
                .with("onnx/config.json", config);
        Path path = fake.on(cache).pull(REFERENCE, Progress.NONE);
        assertThat(path).isEqualTo(cache.resolve("models/ada/engine", COMMIT));
        assertThat(names(path))
                .containsExactly(
                        "chat_template.jinja",
                        "config.json",
                        "generation_config.json",
                        "model-00001-of-00002.safetensors",
                        "model-00002-of-00002.safetensors",
                        "model.safetensors.index.json",
                        "tokenizer.json",
                        "tokenizer_config.json");
    }

    @Test
    void sendsTheTokenToTheHubAndToNoOtherHost() {
        fake.with("config.json", bytes(1, 5)).with("model.safetensors", bytes(1, 50));
        fake.on(cache, "HF_TOKEN", "hf_secret").pull(REFERENCE, Progress.NONE);
        assertThat(fake.toHub)
                .hasSize(3)
                .allSatisfy(
                        request -> assertThat(request.header("Authorization")).contains("Bearer hf_secret"));
        assertThat(fake.toStorage)
                .hasSize(1)
                .allSatisfy(
                        request -> assertThat(request.header("Authorization")).isEmpty());
    }

    @Test
    void doesNotSendTheTokenWhenTheListIsRedirectedAwayEither() {
        fake.listings.add(status(307, "Location", fake.storage() + "/elsewhere"));
        fake.storages.add(body(fake.with("a.gguf", bytes(1, 5)).listing()));
        fake.on(cache, "HF_TOKEN", "hf_secret").pull(REFERENCE, Progress.NONE);
        assertThat(fake.toStorage)
                .hasSize(2)
                .allSatisfy(
                        request -> assertThat(request.header("Authorization")).isEmpty());
    }

    @Test
    void followsARenamedRepositoryByItsRelativeRedirectWithTheToken() {
        fake.with("a.gguf", bytes(1, 5));
        fake.listings.add(status(307, "Location", "/api/models/ada/engine/revision/main?blobs=true"));
        fake.on(cache, "HF_TOKEN", "hf_secret").pull(HubReference.parse("hf:ada/old-engine:a.gguf"), Progress.NONE);
        assertThat(fake.toHub.get(1).header("Authorization")).contains("Bearer hf_secret");
    }

    @Test
    void asksForTheRevisionInOnePathSegmentAndForFilesByCommit() {
        fake.with("quants/the model.gguf", bytes(1, 5));
        Path path =
                fake.on(cache).pull(HubReference.parse("hf:ada/engine:quants/the model.gguf@refs/pr/1"), Progress.NONE);
        assertThat(path).endsWith(Path.of("quants", "the model.gguf"));
        assertThat(fake.toHub.getFirst().path()).isEqualTo("/api/models/ada/engine/revision/refs%2Fpr%2F1?blobs=true");
        assertThat(fake.toHub.getLast().path()).isEqualTo("/ada/engine/resolve/" + COMMIT + "/quants/the%20model.gguf");
    }

    @Test
    void tellsProgressOverAllFilesUpToTheTotal() {
        fake.with("config.json", bytes(1, 500)).with("model.safetensors", bytes(1, 300_000));
        List<Long> done = new ArrayList<>();
        List<String> files = new ArrayList<>();
        fake.on(cache).pull(REFERENCE, (file, bytes, total) -> {
            assertThat(total).isEqualTo(300_500);
            done.add(bytes);
            files.add(file);
        });
        assertThat(done).isSorted().hasSizeGreaterThan(3).endsWith(300_500L);
        assertThat(files).contains("config.json").endsWith("model.safetensors");
    }

    @Test
    void aSecondPullDownloadsNothing() {
        fake.with("a.gguf", bytes(1, 5));
        Hub hub = fake.on(cache);
        Path first = hub.pull(REFERENCE, Progress.NONE);
        int requests = fake.toStorage.size();
        assertThat(hub.pull(REFERENCE, Progress.NONE)).isEqualTo(first);
        assertThat(fake.toStorage).hasSize(requests);
        assertThat(hub.list()).hasSize(1);
    }

    @Test
    void aNewCommitDownloadsOnlyWhatChanged() throws IOException {
        fake.with("config.json", bytes(1, 5)).with("model.safetensors", bytes(2, 50));
        Hub hub = fake.on(cache);
        Path old = hub.pull(REFERENCE, Progress.NONE);
        fake.commit = OTHER_COMMIT;
        fake.with("config.json", bytes(3, 6));
        Path fresh = hub.pull(REFERENCE, Progress.NONE);
        assertThat(fake.toStorage).hasSize(1);
        assertThat(fresh).isNotEqualTo(old);
        assertThat(fresh.resolve("config.json")).hasBinaryContent(bytes(3, 6));
        assertThat(fresh.resolve("model.safetensors")).hasBinaryContent(bytes(2, 50));
        assertThat(old.resolve("config.json")).hasBinaryContent(bytes(1, 5));
    }

    @Test
    void aFileThatLostItsEndIsDownloadedAgain() throws IOException {
        fake.with("a.gguf", bytes(1, 50));
        Hub hub = fake.on(cache);
        Files.write(hub.pull(REFERENCE, Progress.NONE), bytes(1, 20));
        assertThat(hub.find(REFERENCE)).isEmpty();
        assertThat(hub.pull(REFERENCE, Progress.NONE)).hasBinaryContent(bytes(1, 50));
    }

    @Test
    void takesTheChecksumFromTheHeadersWhereTheListHasNone() {
        fake.with("a.gguf", bytes(1, 50));
        String bare = "{\"sha\":\"" + COMMIT + "\",\"siblings\":[{\"rfilename\":\"a.gguf\"}]}";
        fake.listings.add(body(bare.getBytes(StandardCharsets.UTF_8)));
        fake.storages.add(body(bytes(2, 50)));
        assertThatThrownBy(() -> fake.on(cache).pull(REFERENCE, Progress.NONE)).hasMessageContaining("checksum");
        fake.listings.add(body(bare.getBytes(StandardCharsets.UTF_8)));
        assertThat(fake.on(cache).pull(REFERENCE, Progress.NONE)).hasBinaryContent(bytes(1, 50));
    }

    @Test
    void saysSoWhereTheHubGivesNoChecksumAtAll() {
        String bare = "{\"sha\":\"" + COMMIT + "\",\"siblings\":[{\"rfilename\":\"a.gguf\",\"size\":50}]}";
        fake.listings.add(body(bare.getBytes(StandardCharsets.UTF_8)));
        fake.resolves.add(body(bytes(1, 50)));
        assertThat(fake.on(cache).pull(REFERENCE, fake.progress())).hasBinaryContent(bytes(1, 50));
        assertThat(fake.messages).singleElement().asString().contains("no checksum for a.gguf");
    }

    @Test
    void offlineAnswersFromTheCacheAndAsksNobody() {
        fake.with("a.gguf", bytes(1, 5));
        Hub offline = fake.on(cache, "HF_HUB_OFFLINE", "1");
        assertThatThrownBy(() -> offline.pull(REFERENCE, Progress.NONE))
                .isInstanceOf(DemoticException.class)
                .hasMessage("hf:ada/engine is not in the cache, and offline mode is on; unset DEMOTIC_OFFLINE and"
                        + " HF_HUB_OFFLINE to pull it");
        assertThat(fake.toHub).isEmpty();
        Path pulled = fake.on(cache).pull(REFERENCE, Progress.NONE);
        int requests = fake.toHub.size();
        assertThat(offline.pull(REFERENCE, Progress.NONE)).isEqualTo(pulled);
        assertThat(fake.on(cache, "DEMOTIC_OFFLINE", "true").pull(REFERENCE, Progress.NONE))
                .isEqualTo(pulled);
        assertThat(fake.toHub).hasSize(requests);
    }

    private static List<String> names(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
