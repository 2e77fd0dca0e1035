package dev.demotic.runtime.format.hub;

import static dev.demotic.runtime.format.hub.FakeHub.COMMIT;
import static dev.demotic.runtime.format.hub.FakeHub.REFERENCE;
import static dev.demotic.runtime.format.hub.FakeHub.body;
import static dev.demotic.runtime.format.hub.FakeHub.bytes;
import static dev.demotic.runtime.format.hub.FakeHub.cutAfter;
import static dev.demotic.runtime.format.hub.FakeHub.ranged;
import static dev.demotic.runtime.format.hub.FakeHub.sha256;
import static dev.demotic.runtime.format.hub.FakeHub.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pulls over lines that break, from servers that refuse or lie, and onto disks that are full. */
@Timeout(300)
class HubTroubleTest {
    private static final byte[] MODEL = bytes(7, 200_000);

    @TempDir
    private Path cache;

    private final FakeHub fake = new FakeHub().with("a.gguf", MODEL);

    @AfterEach
    void stop() {
        fake.close();
    }

    // Broken lines

    @Test
    void resumesWhereTheConnectionWasCut() {
        fake.storages.add(cutAfter(70_000, MODEL, "ETag", fake.storageEtag));
        assertThat(pull()).hasBinaryContent(MODEL);
        assertThat(fake.toStorage).hasSize(2);
        assertThat(fake.toStorage.getLast().header("Range")).contains("bytes=70000-");
        assertThat(fake.pauses).containsExactly(Duration.ofSeconds(1));
        assertThat(fake.messages)
                .first()
                .isEqualTo("could not download a.gguf: the connection was cut; trying again in 1 s");
    }

    @Test
    void givesUpAfterFiveCutsAndTheNextRunResumes() {
        fake.storages.add(cutAfter(70_000, MODEL));
        for (int i = 0; i < 4; i++) {
            fake.storages.add(cutAfter(0, MODEL));
        }
        assertFails()
                .hasMessageStartingWith("could not download a.gguf in 5 attempts: ")
                .hasMessageEndingWith("; what has arrived is kept, so run the same pull again to resume it");
        assertThat(fake.pauses).extracting(Duration::toSeconds).containsExactly(1L, 2L, 4L, 8L);
        assertThat(fake.on(cache).find(REFERENCE)).isEmpty();
        assertThat(fake.on(cache).list()).isEmpty();
    }

    @Test
    void aLaterRunResumesWhatAnEarlierOneLeft() throws IOException {
        leavePart(120_000, "\"" + sha256(MODEL) + "\"");
        assertThat(pull()).hasBinaryContent(MODEL);
        assertThat(fake.toStorage)
                .singleElement()
                .satisfies(request -> assertThat(request.header("Range")).contains("bytes=120000-"));
    }

    @Test
    void aPartThatOnlyLacksItsMoveNeedsNoDownload() throws IOException {
        leavePart(MODEL.length, "\"" + sha256(MODEL) + "\"");
        assertThat(pull()).hasBinaryContent(MODEL);
        assertThat(fake.toStorage).isEmpty();
    }

    @Test
    void manyCutsAreBorneWhileTheFileGrows() {
        byte[] large = bytes(3, 9 << 20);
        fake.with("a.gguf", large);
        for (int i = 0; i < 7; i++) {
            fake.storages.add(exchange -> {
                int from = Integer.parseInt(exchange.getRequestHeaders()
                        .getOrDefault("Range", List.of("bytes=0-"))
                        .getFirst()
                        .replaceAll("\\D", ""));
                exchange.getResponseHeaders()
                        .add("Content-Range", "bytes " + from + "-" + (large.length - 1) + "/" + large.length);
                exchange.sendResponseHeaders(from == 0 ? 200 : 206, large.length - from);
                exchange.getResponseBody().write(large, from, (1 << 20) + 65_536);
                exchange.getResponseBody().flush();
            });
        }
        assertThat(pull()).hasBinaryContent(large);
    }

    @Test
    void startsAgainWhereTheFileChangedOnTheHub() throws IOException {
        leavePart(120_000, "\"" + sha256(bytes(8, 10)) + "\"");
        assertThat(pull()).hasBinaryContent(MODEL);
        assertThat(fake.toStorage)
                .singleElement()
                .satisfies(request -> assertThat(request.header("Range")).isEmpty());
    }

    @Test
    void startsAgainWhereAPlainServerSaysByIfRangeThatTheFileChanged() {
        fake.resolves.add(cutAfter(70_000, bytes(8, MODEL.length), "ETag", "\"old\""));
        fake.resolves.add(exchange -> ranged(exchange, MODEL, "\"new\"", true));
        assertThat(pull()).hasBinaryContent(MODEL);
        assertThat(fake.toHub.getLast().header("If-Range")).contains("\"old\"");
    }

    @Test
    void startsAgainWhereAServerIgnoresIfRangeButSendsAnotherEtag() {
        fake.resolves.add(cutAfter(70_000, bytes(8, MODEL.length), "ETag", "\"old\""));
        for (int i = 0; i < 2; i++) {
            fake.resolves.add(exchange -> ranged(exchange, MODEL, "\"new\"", false));
        }
        assertThat(pull()).hasBinaryContent(MODEL);
        assertThat(fake.toHub.getLast().header("Range")).isEmpty();
    }

    @Test
    void doesNotResumeOnAWeakEtag() {
        fake.resolves.add(cutAfter(70_000, MODEL, "ETag", "W/\"weak\""));
        fake.resolves.add(body(MODEL, "ETag", "W/\"weak\""));
        assertThat(pull()).hasBinaryContent(MODEL);
        assertThat(fake.toHub.getLast().header("Range")).isEmpty();
    }

    @Test
    void startsAgainWhereTheServerIgnoresRange() {
        fake.storages.add(cutAfter(70_000, MODEL));
        fake.storages.add(body(MODEL));
        assertThat(pull()).hasBinaryContent(MODEL);
    }

    @Test
    void startsAgainWhereTheServerSendsAnotherRange() {
        fake.storages.add(cutAfter(70_000, MODEL));
        fake.storages.add(exchange -> FakeHub.send(exchange, 206, MODEL, "Content-Range", "bytes 0-199999/200000"));
        assertThat(pull()).hasBinaryContent(MODEL);
    }

    @Test
    void startsAgainAfterRangeNotSatisfiable() {
        fake.storages.add(cutAfter(70_000, MODEL));
        fake.storages.add(status(416));
        assertThat(pull()).hasBinaryContent(MODEL);
        assertThat(fake.toStorage.getLast().header("Range")).isEmpty();
    }

    @Test
    void aPartLongerThanTheFileIsDropped() throws IOException {
        Path part = leavePart(MODEL.length, "\"" + sha256(MODEL) + "\"");
        Files.write(part, bytes(1, MODEL.length + 5));
        assertThat(pull()).hasBinaryContent(MODEL);
    }

    @Test
    void aServerThatFallsSilentCountsAsCut() {
        CountDownLatch never = new CountDownLatch(1);
        fake.storages.add(exchange -> {
            exchange.sendResponseHeaders(200, MODEL.length);
            exchange.getResponseBody().write(MODEL, 0, 1000);
            exchange.getResponseBody().flush();
            try {
                never.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Path path = fake.on(cache, Duration.ofMillis(500)).pull(REFERENCE, fake.progress());
        never.countDown();
        assertThat(path).hasBinaryContent(MODEL);
        assertThat(fake.messages)
                .contains("could not download a.gguf: the server stopped sending; trying again in 1 s");
    }

    @Test
    void anInterruptStopsThePullAndIsKept() {
        fake.storages.add(exchange -> {
            exchange.sendResponseHeaders(200, MODEL.length);
            exchange.getResponseBody().write(MODEL, 0, 1000);
            exchange.getResponseBody().flush();
        });
        Progress interrupting = (file, done, total) -> {
            if (done > 0) {
                Thread.currentThread().interrupt();
            }
        };
        assertThatThrownBy(() -> fake.on(cache).pull(REFERENCE, interrupting))
                .isInstanceOf(DemoticException.class)
                .hasMessageStartingWith("stopped before it could download a.gguf")
                .hasMessageEndingWith("run the same pull again to resume it");
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void aHubThatIsNotThereIsAnErrorThatSaysWhatToDo() {
        fake.close();
        assertFails()
                .hasMessage("could not list the files of hf:ada/engine in 5 attempts: 127.0.0.1 cannot be reached, no"
                        + " connection; check the network, or set DEMOTIC_OFFLINE=1 to do with the models that are pulled"
                        + " already");
    }

    // Busy servers

    @ParameterizedTest
    @ValueSource(ints = {408, 429, 500, 502, 503, 504})
    void triesAgainWhenTheHubIsBusy(int status) {
        fake.listings.add(status(status));
        fake.resolves.add(status(status));
        fake.storages.add(status(status));
        assertThat(pull()).hasBinaryContent(MODEL);
        assertThat(fake.pauses).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(1), Duration.ofSeconds(2));
    }

    @Test
    void waitsAsLongAsTheServerAsks() {
        fake.listings.add(status(429, "Retry-After", "0"));
        fake.listings.add(status(429, "Retry-After", "1"));
        fake.listings.add(status(503, "Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"));
        fake.listings.add(status(503, "Retry-After", "soon"));
        assertThat(pull()).hasBinaryContent(MODEL);
        assertThat(fake.pauses)
                .containsExactly(Duration.ZERO, Duration.ofSeconds(1), Duration.ZERO, Duration.ofSeconds(8));
    }

    @Test
    void asksAgainForAListThatWasCut() {
        fake.listings.add(cutAfter(20, fake.listing()));
        assertThat(pull()).hasBinaryContent(MODEL);
    }

    @Test
    void doesNotWaitForHours() {
        fake.listings.add(status(429, "Retry-After", "7200"));
        assertFails()
                .hasMessage("could not list the files of hf:ada/engine: 127.0.0.1 answers 429, and asks to wait 120"
                        + " minutes; try again then");
        assertThat(fake.pauses).isEmpty();
    }

    @Test
    void asksTheHubForAFreshAddressWhenTheStoragesHasExpired() {
        fake.storages.add(status(403));
        assertThat(pull()).hasBinaryContent(MODEL);
        assertThat(fake.toHub).hasSize(3);
    }

    // Refusals

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "401 | RepoNotFound     |        | has no public model ada/engine; check the name, or set HF_TOKEN",
                "401 | GatedRepo        |        | ada/engine is gated; accept its licence at ",
                "401 |                  | hf_bad | does not accept the token for ada/engine; check that HF_TOKEN is valid",
                "403 | GatedRepo        | hf_ok  | and set HF_TOKEN to a token of that account",
                "403 |                  | hf_ok  | access to ada/engine is refused; accept its licence at ",
                "404 | RepoNotFound     | hf_ok  | has no model ada/engine; check the name",
                "404 | RevisionNotFound |        | ada/engine has no revision main; name one of its branches",
                "404 |                  |        | has no model ada/engine, or not at revision main; check the name",
                "418 |                  |        | 127.0.0.1 answers 418 to the request for hf:ada/engine; check that HF_",
            })
    void saysWhyTheHubRefuses(int status, String code, String token, String message) {
        fake.listings.add(code == null ? status(status) : status(status, "X-Error-Code", code));
        String[] environment = token == null ? new String[0] : new String[] {"HF_TOKEN", token};
        assertThatThrownBy(() -> fake.on(cache, environment).pull(REFERENCE, Progress.NONE))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining(message);
        assertThat(fake.toHub).hasSize(1);
        assertThat(cache.resolve("models")).doesNotExist();
    }

    @Test
    void aGatedModelListsItsFilesButKeepsThem() {
        fake.resolves.add(status(401, "X-Error-Code", "GatedRepo"));
        assertFails()
                .hasMessage("ada/engine is gated; accept its licence at " + fake.endpoint()
                        + "/ada/engine and set HF_TOKEN to a token of that account");
    }

    @Test
    void aFileThatIsListedButNotThereIsNamed() {
        fake.resolves.add(status(404));
        assertFails()
                .hasMessage("a.gguf of ada/engine is not on the hub, although it is listed there; try again later");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "file:///etc/passwd", "http://", "ht tp://x", "http://127.0.0.1:99999/x", "ftp://127.0.0.1/x"
            })
    void redirectsToNowhereAreRefused(String location) {
        fake.resolves.add(status(302, "Location", location));
        assertFails().hasMessageContaining("redirects to an address that cannot be followed safely");
    }

    @Test
    void redirectsInCirclesEnd() {
        for (int i = 0; i < 20; i++) {
            fake.resolves.add(status(302, "Location", "/again"));
        }
        assertFails().hasMessageContaining("redirects a.gguf of ada/engine in circles");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "<html>",
                "null",
                "[]",
                "{}",
                "{\"sha\":\"../../x\"}",
                "{\"sha\":\"" + COMMIT + "\",\"siblings\":[{}]}",
                "{\"sha\":\"" + COMMIT + "\",\"siblings\":[{\"rfilename\":\"a.gguf\",\"size\":9000000000000000000}]}",
                "{\"sha\":\"" + COMMIT + "\",\"siblings\":[{\"rfilename\":\"a.gguf\",\"size\":-2}]}"
            })
    void aServerThatIsNoHubIsNamedAsSuch(String answer) {
        fake.listings.add(body(answer.getBytes(StandardCharsets.UTF_8)));
        assertFails()
                .hasMessageContaining("cannot be read")
                .hasMessageEndingWith("HF_ENDPOINT names a Hugging Face hub");
    }

    // Lies

    @Test
    void noMutationOfAListThrowsAnythingElse() {
        byte[] listing = fake.listing();
        Random random = new Random(13);
        for (int i = 0; i < 2000; i++) {
            byte[] mutated = listing.clone();
            for (int change = random.nextInt(4); change >= 0; change--) {
                mutated[random.nextInt(mutated.length)] = (byte) random.nextInt(256);
            }
            try {
                Selection.of(
                        REFERENCE, RepositoryListing.parse(mutated, REFERENCE).files());
            } catch (DemoticException e) {
                assertThat(e).hasMessageContaining("; ");
            }
        }
    }

    @Test
    void aWrongChecksumDeletesTheFile() {
        fake.storages.add(body(bytes(8, MODEL.length)));
        assertFails()
                .hasMessage(
                        "a.gguf arrived damaged and was deleted: its checksum is not what the hub says; run the same"
                                + " pull again, or try later");
        assertThat(commitFolder()).isEmptyDirectory();
        assertThat(pull()).hasBinaryContent(MODEL);
    }

    @Test
    void aSmallFileIsVerifiedByItsGitId() {
        fake.files.clear();
        fake.with("config.json", bytes(1, 100)).with("model.safetensors", MODEL);
        fake.resolves.add(body(bytes(2, 100)));
        assertFails().hasMessageContaining("config.json arrived damaged");
    }

    @Test
    void aLengthOtherThanTheListedOneIsRefusedAndCostsNothingThatArrived() throws IOException {
        Path part = leavePart(120_000, "\"" + sha256(MODEL) + "\"");
        fake.resolves.add(body(bytes(7, 199_999)));
        assertFails().hasMessage("the hub lists a.gguf with 200000 bytes but sends 199999; try again later");
        assertThat(part).hasSize(120_000);
    }

    @Test
    void aBodyLongerThanTheListedSizeIsRefused() {
        fake.resolves.add(exchange -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write(MODEL);
            exchange.getResponseBody().write(MODEL);
        });
        assertFails().hasMessageContaining("announces 200000 bytes but sends more");
        assertThat(commitFolder()).isEmptyDirectory();
    }

    @Test
    void aBodyThatEndsEarlyWithoutALengthIsResumed() {
        fake.storages.add(exchange -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write(MODEL, 0, 50_000);
        });
        assertThat(pull()).hasBinaryContent(MODEL);
        assertThat(fake.toStorage.getLast().header("Range")).contains("bytes=50000-");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../evil.gguf",
                "/etc/evil.gguf",
                "a/../../../evil.gguf",
                "C:\\\\evil.gguf",
                "..\\\\evil.gguf",
                "a//evil.gguf",
                "c:evil.gguf",
                "evil\\u0000.gguf",
                "evil\\n.gguf"
            })
    void fileNamesThatLeaveTheCacheAreRefused(String name) {
        fake.listings.add(body(("{\"sha\":\"" + COMMIT + "\",\"siblings\":[{\"rfilename\":\"" + name + "\"}]}")
                .getBytes(StandardCharsets.UTF_8)));
        assertFails().hasMessageContaining("is refused, because it is no plain relative path");
        assertThat(cache).isEmptyDirectory();
        assertThat(fake.toHub).hasSize(1);
    }

    // Disks

    @Test
    void tooLittleSpaceIsSaidBeforeDownloading() {
        fake.freeSpace = 199_999;
        assertFails().hasMessageContaining("GB free; free some, or set DEMOTIC_CACHE to a folder on another disk");
        assertThat(fake.toStorage).isEmpty();
        fake.freeSpace = 200_000;
        assertThat(pull()).hasBinaryContent(MODEL);
    }

    @Test
    void spaceThatAPartTakesNeedNotBeFree() throws IOException {
        leavePart(120_000, "\"" + sha256(MODEL) + "\"");
        fake.freeSpace = 80_000;
        assertThat(pull()).hasBinaryContent(MODEL);
    }

    @Test
    void aDiskThatFillsInTheMiddleIsAnErrorThatSaysHowToGoOn() {
        Path part = commitFolder().resolve("a.gguf.part");
        Path full = Path.of("/dev/full");
        assumeTrue(Files.exists(full), "only Linux has a device that is always full");
        Progress filling = (file, done, total) -> {
            if (!Files.isSymbolicLink(part)) {
                try {
                    Files.createSymbolicLink(part, full);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        };
        assertThatThrownBy(() -> fake.on(cache).pull(REFERENCE, filling))
                .isInstanceOf(DemoticException.class)
                .hasMessageStartingWith("cannot write a.gguf: No space left on device; ")
                .hasMessageEndingWith("run the same pull again to resume it when that is mended");
    }

    @Test
    void aCacheThatCannotBeWrittenIsAnErrorThatNamesIt() throws IOException {
        Path file = Files.writeString(cache.resolve("file"), "in the way");
        assertThatThrownBy(() -> fake.on(file).pull(REFERENCE, Progress.NONE))
                .isInstanceOf(DemoticException.class)
                .hasMessageStartingWith("cannot write to the model cache " + file + ": ")
                .hasMessageEndingWith("; make it writable, or set DEMOTIC_CACHE to another folder");
    }

    private Path pull() {
        return fake.on(cache).pull(REFERENCE, fake.progress());
    }

    private AbstractThrowableAssert<?, ? extends Throwable> assertFails() {
        return assertThatThrownBy(this::pull).isInstanceOf(DemoticException.class);
    }

    private Path commitFolder() {
        return cache.resolve("models", "ada", "engine", COMMIT);
    }

    private Path leavePart(int bytes, String etag) throws IOException {
        Files.createDirectories(commitFolder());
        Files.writeString(commitFolder().resolve("a.gguf.part.etag"), etag);
        return Files.write(commitFolder().resolve("a.gguf.part"), Arrays.copyOf(MODEL, bytes));
    }
}
