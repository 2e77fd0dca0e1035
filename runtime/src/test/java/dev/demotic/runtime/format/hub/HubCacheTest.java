package dev.demotic.runtime.format.hub;

import static dev.demotic.runtime.format.hub.FakeHub.COMMIT;
import static dev.demotic.runtime.format.hub.FakeHub.OTHER_COMMIT;
import static dev.demotic.runtime.format.hub.FakeHub.REFERENCE;
import static dev.demotic.runtime.format.hub.FakeHub.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.runtime.DemoticException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the cache answers, and that many pullers do it no harm. */
@Timeout(300)
class HubCacheTest {
    @TempDir
    private Path cache;

    private final FakeHub fake = new FakeHub();

    @AfterEach
    void stop() {
        fake.close();
    }

    // Finding

    @Test
    void findsAPulledFileByItsNameItsTagAndItsRepository() {
        fake.with("engine-Q8_0.gguf", bytes(1, 50)).with("engine-Q5_K_M.gguf", bytes(2, 50));
        Hub hub = fake.on(cache);
        Path path = hub.pull(HubReference.parse("hf:ada/engine:Q5_K_M"), Progress.NONE);
        for (String name : List.of(
                "ada/engine",
                "hf:ada/engine",
                "ada/engine:q5_k_m",
                "ada/engine:engine-Q5_K_M.gguf",
                "ada/engine@main")) {
            assertThat(hub.find(HubReference.parse(name)).map(PulledModel::path))
                    .as(name)
                    .contains(path);
        }
        for (String name : List.of("ada/engine:Q8_0", "ada/other", "ada/engine@v1", "ada/engine:engine-Q8_0.gguf")) {
            assertThat(hub.find(HubReference.parse(name))).as(name).isEmpty();
        }
    }

    @Test
    void findsTheUsualQuantizationAmongSeveralAndAsksWhereThereIsNone() {
        fake.with("a-Q8_0.gguf", bytes(1, 50)).with("a-Q6_K.gguf", bytes(2, 50)).with("a-Q5_0.gguf", bytes(3, 50));
        Hub hub = fake.on(cache);
        hub.pull(HubReference.parse("ada/engine:Q6_K"), Progress.NONE);
        hub.pull(HubReference.parse("ada/engine:Q5_0"), Progress.NONE);
        assertThatThrownBy(() -> hub.find(REFERENCE))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("a-Q6_K.gguf")
                .hasMessageContaining("a-Q5_0.gguf")
                .hasMessageContaining("name one, as in hf:ada/engine:a-Q");
        Path usual = hub.pull(HubReference.parse("ada/engine:Q8_0"), Progress.NONE);
        assertThat(hub.find(REFERENCE).map(PulledModel::path)).contains(usual);
    }

    @Test
    void whatWasPulledBeforeMainMovedIsFoundByItsCommit() {
        fake.with("a.gguf", bytes(1, 50));
        Hub hub = fake.on(cache);
        Path old = hub.pull(REFERENCE, Progress.NONE);
        fake.commit = OTHER_COMMIT;
        fake.with("a.gguf", bytes(2, 60));
        Path fresh = hub.pull(REFERENCE, Progress.NONE);
        assertThat(hub.find(REFERENCE).map(PulledModel::path)).contains(fresh);
        assertThat(hub.find(HubReference.parse("ada/engine@" + COMMIT)).map(PulledModel::path))
                .contains(old);
        assertThat(hub.find(HubReference.parse("ada/engine@" + COMMIT.substring(0, 7)))
                        .map(PulledModel::path))
                .contains(old);
        assertThat(hub.list())
                .extracting(model -> model.reference().toString())
                .containsExactly("hf:ada/engine:a.gguf", "hf:ada/engine:a.gguf@" + COMMIT);
    }

    @Test
    void listsWhatIsThereWithSizeTimeAndANameThatFindsIt() {
        Instant before = Instant.now();
        fake.with("a.gguf", bytes(1, 50));
        Hub hub = fake.on(cache);
        assertThat(hub.list()).isEmpty();
        hub.pull(HubReference.parse("ada/engine@v1.0"), Progress.NONE);
        fake.files.clear();
        fake.with("config.json", bytes(1, 5)).with("model.safetensors", bytes(1, 50));
        fake.commit = OTHER_COMMIT;
        hub.pull(HubReference.parse("bob/folder"), Progress.NONE);
        assertThat(hub.list()).hasSize(2).allSatisfy(model -> {
            assertThat(hub.find(model.reference())).contains(model);
            assertThat(model.pulledAt()).isBetween(before, Instant.now());
            assertThat(model.path()).exists();
        });
        assertThat(hub.list()).extracting(PulledModel::bytes).containsExactly(50L, 55L);
        assertThat(hub.list()).extracting(PulledModel::commit).containsExactly(COMMIT, OTHER_COMMIT);
    }

    @Test
    void whatIsIncompleteIsNeitherListedNorFound() throws IOException {
        fake.with("config.json", bytes(1, 5)).with("model.safetensors", bytes(1, 50));
        Hub hub = fake.on(cache);
        Path folder = hub.pull(REFERENCE, Progress.NONE);
        Files.delete(folder.resolve("config.json"));
        assertThat(hub.list()).isEmpty();
        assertThat(hub.find(REFERENCE)).isEmpty();
        hub.pull(REFERENCE, Progress.NONE);
        assertThat(fake.toStorage).hasSize(1);
        assertThat(hub.list()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "[]",
                "{",
                "{\"pulls\":null}",
                "{\"pulls\":[null]}",
                "{\"pulls\":[{}]}",
                "{\"pulls\":[{\"revision\":\"main\",\"commit\":\"..\",\"gguf\":null,"
                        + "\"pulledAt\":\"2026-01-01T00:00:00Z\",\"files\":[]}]}",
                "{\"pulls\":[{\"revision\":\"main\",\"commit\":\"c\",\"gguf\":\"../../x\","
                        + "\"pulledAt\":\"2026-01-01T00:00:00Z\",\"files\":[]}]}",
                "{\"pulls\":[{\"revision\":null,\"commit\":\"c\",\"gguf\":null,"
                        + "\"pulledAt\":\"2026-01-01T00:00:00Z\",\"files\":[]}]}",
            })
    void aDamagedManifestCountsAsEmptyAndIsMendedByTheNextPull(String damaged) throws IOException {
        fake.with("a.gguf", bytes(1, 50));
        Hub hub = fake.on(cache);
        hub.pull(REFERENCE, Progress.NONE);
        Files.writeString(manifest(), damaged);
        assertThat(hub.list()).isEmpty();
        assertThat(hub.find(REFERENCE)).isEmpty();
        hub.pull(REFERENCE, Progress.NONE);
        assertThat(hub.list()).hasSize(1);
        assertThat(fake.toStorage).hasSize(1);
    }

    @Test
    void noMutationOfAManifestThrows() throws IOException {
        fake.with("a.gguf", bytes(1, 50));
        Hub hub = fake.on(cache);
        hub.pull(REFERENCE, Progress.NONE);
        byte[] manifest = Files.readAllBytes(manifest());
        Random random = new Random(11);
        for (int i = 0; i < 500; i++) {
            byte[] mutated = manifest.clone();
            for (int change = random.nextInt(4); change >= 0; change--) {
                mutated[random.nextInt(mutated.length)] = (byte) random.nextInt(256);
            }
            Files.write(manifest(), mutated);
            assertThat(hub.list().size()).isLessThanOrEqualTo(1);
            assertThat(hub.find(REFERENCE).map(PulledModel::bytes).orElse(50L)).isEqualTo(50);
        }
    }

    @Test
    void foldersThatPullDidNotMakeAreNotListed() throws IOException {
        Files.createDirectories(cache.resolve("models", "ada", "engine", "x"));
        Files.createDirectories(cache.resolve("models", "-odd-", "engine"));
        Files.writeString(cache.resolve("models", "file"), "");
        Files.writeString(cache.resolve("models", "-odd-", "engine", "pulled.json"), "{}");
        assertThat(fake.on(cache).list()).isEmpty();
    }

    // Many pullers

    @Test
    void twoPullsAtOnceDownloadOnce() throws Exception {
        byte[] model = bytes(1, 200_000);
        fake.with("a.gguf", model);
        CountDownLatch waiting = new CountDownLatch(1);
        fake.storages.add(exchange -> {
            exchange.sendResponseHeaders(200, model.length);
            exchange.getResponseBody().write(model, 0, 100_000);
            exchange.getResponseBody().flush();
            await(waiting);
            exchange.getResponseBody().write(model, 100_000, 100_000);
        });
        Progress progress = new Progress() {
            @Override
            public void bytes(String file, long done, long total) {}

            @Override
            public void message(String text) {
                if (text.equals("another process is pulling ada/engine; waiting for it")) {
                    waiting.countDown();
                }
            }
        };
        List<Future<Path>> pulls = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 3; i++) {
                pulls.add(threads.submit(() -> fake.on(cache).pull(REFERENCE, progress)));
            }
        }
        for (Future<Path> pull : pulls) {
            assertThat(pull.get()).hasBinaryContent(model);
        }
        assertThat(fake.toStorage).hasSize(1);
        assertThat(fake.on(cache).list()).hasSize(1);
    }

    @Test
    void differentFilesOfOneRepositoryAreAllNoted() throws Exception {
        List<String> tags = List.of("Q4_0", "Q5_0", "Q5_1", "Q6_K", "Q8_0");
        tags.forEach(tag -> fake.with("a-" + tag + ".gguf", bytes(tag.hashCode(), 1000)));
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (String tag : tags) {
                Future<?> _ = threads.submit(
                        () -> fake.on(cache).pull(HubReference.parse("ada/engine:" + tag), Progress.NONE));
            }
        }
        assertThat(fake.on(cache).list()).hasSize(tags.size());
    }

    @Test
    void waitsForAnotherProcess() throws Exception {
        fake.with("a.gguf", bytes(1, 50));
        Path folder = Files.createDirectories(cache.resolve("models", "ada", "engine"));
        Process other = LockHolder.start(folder.resolve(".lock"));
        try (BufferedReader said = other.inputReader(StandardCharsets.UTF_8)) {
            assertThat(said.readLine()).isEqualTo("locked");
            Progress releasing = new Progress() {
                @Override
                public void bytes(String file, long done, long total) {}

                @Override
                public void message(String text) {
                    if (text.contains("waiting")) {
                        fake.messages.add(text);
                        other.destroy();
                    }
                }
            };
            assertThat(fake.on(cache).pull(REFERENCE, releasing)).hasBinaryContent(bytes(1, 50));
            assertThat(fake.messages).containsExactly("another process is pulling ada/engine; waiting for it");
        } finally {
            other.destroyForcibly();
        }
    }

    @Test
    void anotherProcessWaitsForUsAlsoWhereOurThreadsContend() throws Exception {
        Path folder = Files.createDirectories(cache.resolve("models", "ada", "engine"));
        try (RepositoryLock _ = RepositoryLock.take(folder, "ada/engine", Thread::sleep, Progress.NONE)) {
            assertThatThrownBy(() -> RepositoryLock.take(
                            folder,
                            "ada/engine",
                            time -> {
                                throw new InterruptedException();
                            },
                            Progress.NONE))
                    .isInstanceOf(DemoticException.class);
            assertThat(Thread.interrupted()).isTrue();
            Process other = LockHolder.start(folder.resolve(".lock"));
            try (BufferedReader said = other.inputReader(StandardCharsets.UTF_8)) {
                assertThat(said.readLine()).isEqualTo("taken");
            } finally {
                other.destroyForcibly();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void anInterruptEndsTheWait(boolean before) throws Exception {
        fake.with("a.gguf", bytes(1, 50));
        Path folder = Files.createDirectories(cache.resolve("models", "ada", "engine"));
        try (RepositoryLock _ = RepositoryLock.take(folder, "ada/engine", Thread::sleep, Progress.NONE)) {
            Thread puller = Thread.currentThread();
            Progress progress = new Progress() {
                @Override
                public void bytes(String file, long done, long total) {}

                @Override
                public void message(String text) {
                    if (!before) {
                        puller.interrupt();
                    }
                }
            };
            if (before) {
                puller.interrupt();
            }
            assertThatThrownBy(() -> fake.on(cache).pull(REFERENCE, progress))
                    .isInstanceOf(DemoticException.class)
                    .hasMessageStartingWith("stopped ");
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    private Path manifest() {
        return cache.resolve("models", "ada", "engine", "pulled.json");
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
