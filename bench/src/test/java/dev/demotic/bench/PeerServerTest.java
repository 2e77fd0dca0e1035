package dev.demotic.bench;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a server of llama.cpp's API is asked, and what is made of its answer. */
class PeerServerTest {
    private final AtomicReference<JsonNode> asked = new AtomicReference<>();
    private HttpServer server;
    private String reply = "";
    private int status = 200;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/completion", exchange -> {
            asked.set(new JsonMapper().readTree(exchange.getRequestBody().readAllBytes()));
            byte[] bytes = reply.getBytes(UTF_8);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private PeerServer peer() {
        return new PeerServer(
                "peer", URI.create("http://localhost:" + server.getAddress().getPort()));
    }

    @Test
    void itsOwnClockCounts() {
        reply = """
                {"content": "x", "tokens": [5, 6, 7],
                 "timings": {"prompt_ms": 20, "predicted_n": 3, "predicted_ms": 12.5}}
                """;
        MethodBench.Answer answer = peer().answer(new int[] {1, 2}, 3, true);

        assertThat(answer.tokens()).containsExactly(5, 6, 7);
        assertThat(answer.count()).isEqualTo(3);
        assertThat(answer.promptSeconds()).isEqualTo(0.02);
        assertThat(answer.seconds()).isEqualTo(0.0125);
        assertThat(asked.get().path("prompt").valueStream().mapToInt(JsonNode::asInt))
                .containsExactly(1, 2);
        assertThat(asked.get().path("n_predict").asInt()).isEqualTo(3);
        assertThat(asked.get().path("temperature").asInt(-1)).isZero();
        assertThat(asked.get().path("ignore_eos").asBoolean()).isTrue();
        assertThat(asked.get().path("cache_prompt").asBoolean(true)).isFalse();
    }

    @Test
    void whatIsNoSuchServerIsRefusedInOneSentence() {
        reply = "{}";
        assertThatThrownBy(() -> peer().answer(new int[] {1}, 3, false))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("sends no timings");
        reply = "<html>";
        assertThatThrownBy(() -> peer().answer(new int[] {1}, 3, false))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("no server of llama.cpp's API answers");
        status = 404;
        assertThatThrownBy(() -> peer().answer(new int[] {1}, 3, false))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("HTTP 404");
        PeerServer absent = peer();
        server.stop(0);
        assertThatThrownBy(() -> absent.answer(new int[] {1}, 3, false))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("no server of llama.cpp's API answers");
    }

    @Test
    void namesAndAddressesAreRead() {
        assertThat(PeerServer.parse("ik suffix=http://localhost:80/x=y"))
                .isEqualTo(new PeerServer("ik suffix", URI.create("http://localhost:80/x=y")));
        for (String wrong : new String[] {"http://localhost", "=http://localhost", "x=localhost", "x=http://a b"}) {
            assertThatThrownBy(() -> PeerServer.parse(wrong))
                    .isInstanceOf(DemoticException.class)
                    .hasMessageContaining("NAME=URL");
        }
    }
}
