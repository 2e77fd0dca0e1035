package dev.demotic.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.decoding.method.MethodCall;
import dev.demotic.runtime.Sequence;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Clients that misbehave: each is told so if it can be told, the others never notice, and all memory comes back. */
class FaultsTest {
    private static final String LONG = "a word and another ".repeat(100);
    /** Milliseconds between tokens that let no reply end before what is tested is done. */
    private static final int ENDLESS = 600_000;

    private static Socket send(Api api, String text) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), api.server.port());
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        socket.getOutputStream().flush();
        return socket;
    }

    private static String post(String body, int length) {
        return "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + "\r\n\r\n" + body;
    }

    private static String post(String body) {
        return post(body, body.getBytes(StandardCharsets.UTF_8).length);
    }

    private static String readAll(Socket socket) throws IOException {
        try (InputStream in = socket.getInputStream()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static void readUntil(Socket socket, String end) throws IOException {
        byte[] buffer = new byte[4096];
        StringBuilder read = new StringBuilder();
        while (read.indexOf(end) < 0) {
            int count = socket.getInputStream().read(buffer);
            assertThat(count).as(read.toString()).isPositive();
            read.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
        }
    }

    private static void assertServes(Api api) throws Exception {
        assertThat(api.post("/v1/chat/completions", Api.chat("Hello", ", \"max_tokens\": 2"))
                        .status())
                .isEqualTo(200);
        api.awaitIdle();
    }

    @Test
    void garbageIsRefused() throws Exception {
        try (Api api = new Api()) {
            Random random = new Random(5);
            for (int i = 0; i < 30; i++) {
                byte[] garbage = new byte[random.nextInt(2000)];
                random.nextBytes(garbage);
                try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), api.server.port())) {
                    socket.getOutputStream().write(garbage);
                    socket.shutdownOutput();
                    String answer = readAll(socket);
                    assertThat(answer).matches(text -> text.isEmpty() || text.startsWith("HTTP/1.1 4"));
                } catch (IOException reset) {
                    assertThat(reset).hasMessageContaining("reset");
                }
            }
            try (Socket socket = send(api, "BREW /pot HTCPCP/1.0\r\n\r\n")) {
                assertThat(readAll(socket)).startsWith("HTTP/1.1 4").contains("invalid_request_error");
            }
            assertServes(api);
        }
    }

    @Test
    void halfABodyIsNoRequest() throws Exception {
        try (Api api =
                new Api(new Api.Options().ioTimeout(Duration.ofSeconds(1)).build())) {
            try (Socket socket = send(api, post("{\"messages\": [", 500))) {
                socket.shutdownOutput();
                assertThat(readAll(socket)).doesNotContain(" 200 ");
            }
            try (Socket silent = send(api, post("{\"messages\": [", 500))) {
                assertThat(readAll(silent)).startsWith("HTTP/1.1 408");
            }
            assertServes(api);
        }
    }

    @Test
    void halfAHeaderIsNoRequest() throws Exception {
        try (Api api =
                new Api(new Api.Options().ioTimeout(Duration.ofSeconds(1)).build())) {
            for (String half : List.of("POST /v1/chat", "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-")) {
                try (Socket silent = send(api, half)) {
                    assertThat(readAll(silent)).startsWith("HTTP/1.1 408").contains("did not come");
                }
            }
            try (Socket patient = send(api, "")) {
                Thread.sleep(1500); // longer than within a request
                patient.getOutputStream()
                        .write("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                                .getBytes(StandardCharsets.UTF_8));
                assertThat(readAll(patient)).startsWith("HTTP/1.1 200");
            }
        }
    }

    /** What follows a request that was refused before it was read is the rest of it, whatever it looks like. */
    @Test
    void anUnreadBodyIsNoRequest() throws Exception {
        String body = "GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n";
        try (Api api = new Api(new Api.Options().maxBody(10_000).build())) {
            assertAnsweredOnce(api, post(body, 20_000), "413");
            assertAnsweredOnce(api, post(body).replace("/v1/chat/completions", "/nothing"), "404");
            assertAnsweredOnce(api, post(body).replace("/v1/chat/completions", "/health"), "405");
            assertAnsweredOnce(api, post(body).replace("Host: x", "Host: x\r\nOrigin: http://evil.example"), "403");
        }
        try (Api api = new Api(new Api.Options().apiKey("sesame").build())) {
            assertAnsweredOnce(api, post(body), "401");
            assertAnsweredOnce(api, post(body, 500), "401");
        }
    }

    @Test
    void chunksThatCannotBeReadAreRefused() throws Exception {
        String start = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        try (Api api = new Api()) {
            for (String chunks : List.of(
                    "2;ext=1\r\n{}\r\n0\r\n\r\n",
                    "2\r\n{}\r\n0\r\nX-T: 1\r\n\r\n",
                    "zz\r\n",
                    "-5\r\n",
                    "7fffffffff\r\n")) {
                assertThat(assertAnsweredOnce(api, start + chunks, "400"))
                        .as(chunks)
                        .contains("a chunk of the body");
            }
            String good = start.replace("Host: x", "Host: x\r\nConnection: close") + "2\r\n{}\r\n0\r\n\r\n";
            assertThat(assertAnsweredOnce(api, good, "400")).contains("messages is missing");
        }
    }

    private static String assertAnsweredOnce(Api api, String request, String status) throws IOException {
        try (Socket socket = send(api, request)) {
            String answer = readAll(socket);
            assertThat(answer).startsWith("HTTP/1.1 " + status).containsIgnoringCase("connection: close");
            assertThat(answer.split("HTTP/1.1 ", -1)).as(answer).hasSize(2);
            return answer;
        }
    }

    @Test
    void whatIsNoHttpIsToldWhy() throws Exception {
        String start = "POST /v1/chat/completions HTTP/1.1\r\n";
        try (Api api = new Api()) {
            assertThat(answered(api, "GET /health HTTP/1.1\r\n\r\n"))
                    .startsWith("HTTP/1.1 400")
                    .contains("no proper HTTP/1.1: Host header must be present");
            assertThat(answered(api, "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n"))
                    .startsWith("HTTP/1.1 400")
                    .contains("no proper HTTP/1.1: check its path and headers");
            assertThat(answered(api, start + "Host: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}"))
                    .startsWith("HTTP/1.1 400")
                    .contains("no proper HTTP/1.1: Transfer-Encoding and Content-Length");
            assertThat(answered(api, start + "Host: x\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"))
                    .startsWith("HTTP/1.1 415")
                    .contains("Content-Encoding, which is not supported");
        }
    }

    private static String answered(Api api, String request) throws IOException {
        try (Socket socket = send(api, request)) {
            return readAll(socket);
        }
    }

    @Test
    void memoryThatRunsOutIsNoDefect() throws Exception {
        try (Api api = new Api(
                new Api.Options().build(),
                8,
                model -> new ServedModel(Api.MODEL, model, new Saying(model.tokenizer(), "word", () -> {
                    throw new OutOfMemoryError("Java heap space");
                })))) {
            for (String fields : List.of("", ", \"n\": 2")) {
                Api.Answer answer = api.post("/v1/chat/completions", Api.chat("Hello", fields));
                assertThat(answer.status()).as(answer.body()).isEqualTo(503);
                assertThat(answer.error()).startsWith("memory has run out");
            }
        }
    }

    /** What computes without generating waits for the KV cache, too. */
    @Test
    void scoresAndEmbeddingsWaitForRoom() throws Exception {
        try (Api api = new Api(
                new Api.Options().build(),
                1,
                model -> new ServedModel(Api.MODEL, model, Optional.empty(), MethodCall.parse("plain")))) {
            String score = "{\"prompt\": \"public class Stack {\", \"max_tokens\": 0, \"echo\": true, \"logprobs\": 0}";
            for (List<String> each : List.of(
                    List.of("/v1/completions", score),
                    List.of("/v1/embeddings", "{\"input\": \"public class Stack {\"}"))) {
                CompletableFuture<HttpResponse<String>> answer;
                try (Sequence _ = api.model.newSequence()) {
                    answer = sendAsync(api, each.getFirst(), each.getLast());
                    for (int i = 0; i < 6000 && api.model.kvUse().waiting() == 0; i++) {
                        Thread.sleep(10);
                    }
                    assertThat(api.model.kvUse().waiting()).as(each.getFirst()).isEqualTo(1);
                }
                assertThat(answer.join().statusCode()).as(answer.join().body()).isEqualTo(200);
            }
        }
    }

    @Test
    void longBodiesAreRefused() throws Exception {
        try (Api api = new Api(new Api.Options().maxBody(10_000).build())) {
            Api.Answer declared = api.post("/v1/chat/completions", Api.chat("x".repeat(20_000), ""));
            assertThat(declared.status()).isEqualTo(413);
            assertThat(declared.error()).contains("10,000 bytes");
            StringBuilder chunked = new StringBuilder(
                    "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
            for (int i = 0; i < 12; i++) {
                chunked.append("3e8\r\n").append("x".repeat(1000)).append("\r\n");
            }
            String oneChunk = chunked.toString().replaceFirst("3e8", "7ffffff0") + "x".repeat(200_000);
            for (String request : List.of(chunked.toString(), oneChunk)) {
                try (Socket socket = send(api, request)) {
                    socket.setSoTimeout(10_000);
                    byte[] start = socket.getInputStream().readNBytes(12);
                    assertThat(new String(start, StandardCharsets.UTF_8)).isEqualTo("HTTP/1.1 413");
                }
            }
            assertServes(api);
        }
    }

    @Test
    void whoLeavesFreesMemoryAtOnce() throws Exception {
        try (Api api = Api.saying(new Api.Options().build(), LONG, 20)) {
            for (String fields : List.of("", ", \"stream\": true", ", \"n\": 3", ", \"n\": 3, \"stream\": true")) {
                Socket socket = send(api, post(Api.chat("Hello", fields)));
                api.awaitBusy();
                socket.close();
                api.awaitIdle();
            }
            assertThat(api.get("/metrics").body()).contains("status=\"499\"");
        }
    }

    @Test
    void whoResetsTheConnectionIsNoDefect() throws Exception {
        try (Api api = Api.saying(new Api.Options().build(), LONG, 1)) {
            for (int i = 0; i < 30; i++) {
                Socket socket = send(api, post(Api.chat("Hello", ", \"stream\": true")));
                socket.setSoTimeout(10_000);
                readUntil(socket, "data: ");
                socket.setSoLinger(true, 0);
                socket.close();
            }
            api.awaitIdle();
            api.awaitMetric("demotic_replies_running", 0);
            assertThat(api.get("/metrics").body()).contains("status=\"499\"").doesNotContain("status=\"500\"");
        }
    }

    /** With a pause between steps that is longer than any notice takes, none but the prompt's runs. */
    @Test
    void whoLeavesFreesItsMemoryWithinAStep() throws Exception {
        try (Api api = Api.saying(new Api.Options().build(), LONG, ENDLESS)) {
            Socket socket = send(api, post(Api.chat("Hello", ", \"stream\": true")));
            api.awaitBusy();
            long steps = api.model.statistics().steps();
            socket.close();
            api.awaitIdle();
            assertThat(api.model.statistics().steps() - steps).isLessThanOrEqualTo(1);
        }
    }

    /** Who closes the connection once all is read, as curl does, has not left in the middle. */
    @Test
    void whoLeavesAfterTheAnswerWasServed() throws Exception {
        try (Api api = new Api()) {
            String whole = post(Api.chat("Hello", ", \"max_tokens\": 1"));
            String streamed = post(Api.chat("Hello", ", \"max_tokens\": 1, \"stream\": true"));
            for (int i = 0; i < 40; i++) {
                try (Socket socket = send(api, whole)) {
                    readUntil(socket, "\"rounds\":");
                }
                try (Socket socket = send(api, streamed)) {
                    readUntil(socket, "[DONE]");
                }
            }
            api.awaitIdle();
            assertThat(api.get("/metrics").body()).contains("status=\"200\"").doesNotContain("status=\"499\"");
        }
    }

    @Test
    void tenMegabytesAreReadAndTooLongForTheModel() throws Exception {
        try (Api api = new Api(new Api.Options().maxBody(16 << 20).build())) {
            String text = "word ".repeat(2 << 20);
            CompletableFuture<HttpResponse<String>> tooLong = sendAsync(api, Api.chat(text, ""));
            CompletableFuture<HttpResponse<String>> noJson = sendAsync(api, text);
            assertServes(api);
            assertThat(noJson.join().statusCode()).isEqualTo(400);
            assertThat(tooLong.join().statusCode()).isEqualTo(400);
            assertThat(tooLong.join().body()).contains("context_length_exceeded", "characters", "shorten it");
            assertServes(api);
        }
    }

    private static CompletableFuture<HttpResponse<String>> sendAsync(Api api, String body) {
        return sendAsync(api, "/v1/chat/completions", body);
    }

    private static CompletableFuture<HttpResponse<String>> sendAsync(Api api, String path, String body) {
        return api.http()
                .sendAsync(
                        api.request(path)
                                .POST(HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void whoWaitsAndLeavesIsForgotten() throws Exception {
        try (Api api = Api.saying(new Api.Options().limits(1, 5).build(), LONG, ENDLESS)) {
            try (Socket running = send(api, post(Api.chat("Hello", "")))) {
                api.awaitBusy();
                int held = api.model.kvUse().reserved();
                Socket waiting = send(api, post(Api.chat("Hello", "")));
                api.awaitMetric("demotic_requests_waiting", 1);
                waiting.close();
                api.awaitMetric("demotic_requests_waiting", 0);
                api.awaitReserved(held);
                assertThat(running.isConnected()).isTrue();
            }
            api.awaitIdle();
        }
    }

    @Test
    void whoReadsNothingIsLeftBehind() throws Exception {
        // Likelihoods of many alternatives fill the buffers of the connection.
        try (Api api =
                Api.saying(new Api.Options().ioTimeout(Duration.ofSeconds(1)).build(), LONG, 0)) {
            String fields = ", \"stream\": true, \"n\": 8, \"logprobs\": true, \"top_logprobs\": 20";
            List<Socket> stuck = new ArrayList<>();
            for (String form : List.of(fields, fields, fields.replace("true, \"n\": 8", "false, \"n\": 8"))) {
                Socket socket = new Socket();
                socket.setReceiveBufferSize(2048);
                socket.connect(new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), api.server.port()));
                socket.getOutputStream().write(post(Api.chat("Hello", form)).getBytes(StandardCharsets.UTF_8));
                stuck.add(socket);
            }
            api.awaitBusy();
            api.awaitIdle();
            api.awaitMetric("demotic_replies_running", 0);
            assertServes(api);
            for (Socket socket : stuck) {
                socket.close();
            }
        }
    }

    @Test
    void moreThanCanWaitAreToldWhenToComeAgain() throws Exception {
        try (Api api = Api.saying(new Api.Options().limits(1, 1).build(), LONG, ENDLESS)) {
            Socket running = send(api, post(Api.chat("Hello", "")));
            api.awaitBusy();
            Socket waiting = send(api, post(Api.chat("Hello", "")));
            api.awaitMetric("demotic_requests_waiting", 1);
            Api.Answer refused = api.post("/v1/chat/completions", Api.chat("Hello", ""));
            assertThat(refused.status()).isEqualTo(429);
            assertThat(Integer.parseInt(refused.header("retry-after"))).isBetween(1, 60);
            assertThat(refused.json().at("/error/type").asString()).isEqualTo("rate_limit_error");
            running.close();
            waiting.close();
            api.awaitIdle();
        }
    }

    @Test
    void whatDoesNotFitBesideOthersWaitsForRoom() throws Exception {
        try (Api api = new Api(
                new Api.Options().build(),
                1,
                model -> new ServedModel(Api.MODEL, model, new Saying(model.tokenizer(), "word ".repeat(30), 2)))) {
            List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                answers.add(sendAsync(api, Api.chat("Hello", "")));
            }
            for (CompletableFuture<HttpResponse<String>> answer : answers) {
                assertThat(answer.join().statusCode()).isEqualTo(200);
            }
            Api.Answer twins = api.post("/v1/chat/completions", Api.chat("Hello", ", \"n\": 2"));
            assertThat(twins.status()).isEqualTo(200);
            assertThat(twins.json().at("/choices").size()).isEqualTo(2);
            api.awaitIdle();
        }
    }

    @Test
    void manyRequestsOnOneConnectionAreAnsweredInTurn() throws Exception {
        try (Api api = new Api()) {
            String request = post(Api.chat("Hello", ", \"max_tokens\": 2"));
            try (Socket socket =
                    send(api, request + request + request.replace("Host: x", "Host: x\r\nConnection: close"))) {
                assertThat(readAll(socket).split("HTTP/1.1 200", -1)).hasSize(4);
            }
            api.awaitIdle();
        }
    }
}
