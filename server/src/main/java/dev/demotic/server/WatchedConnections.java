package dev.demotic.server;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.ProxyProtocolData;
import io.helidon.webserver.Router;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;

/** HTTP/1.1 connections whose requests can learn that their client has left. */
final class WatchedConnections implements ServerConnectionSelector {
    private static final ScopedValue<ReadAhead> CURRENT = ScopedValue.newInstance();

    private final Http1ConnectionSelector http1;
    private final Duration silence;

    /** @param silence longest that a client may keep in the middle of a request */
    WatchedConnections(Http1ConnectionSelector http1, Duration silence) {
        this.http1 = http1;
        this.silence = silence;
    }

    /** What the client of this thread's request sends. */
    static ReadAhead current() {
        return CURRENT.get();
    }

    @Override
    public int bytesToIdentifyConnection() {
        return http1.bytesToIdentifyConnection();
    }

    @Override
    public Support supports(BufferData data) {
        return http1.supports(data);
    }

    @Override
    public Set<String> supportedApplicationProtocols() {
        return http1.supportedApplicationProtocols();
    }

    @Override
    public ServerConnection connection(ConnectionContext context) {
        ReadAhead input = new ReadAhead(context.dataReader(), silence);
        return new Watched(http1.connection(new Context(context, DataReader.create(input))), input);
    }

    private record Watched(ServerConnection connection, ReadAhead input) implements ServerConnection {
        @Override
        public void handle(Limit limit) throws InterruptedException {
            boolean _ = ScopedValue.where(CURRENT, input).call(() -> {
                connection.handle(limit);
                return true;
            });
        }

        @Override
        public Duration idleTime() {
            return connection.idleTime();
        }

        @Override
        public void close(boolean interrupt) {
            connection.close(interrupt);
        }
    }

    /** The connection's own context, but for what is read. */
    private record Context(ConnectionContext original, DataReader dataReader) implements ConnectionContext {
        @Override
        public ListenerContext listenerContext() {
            return original.listenerContext();
        }

        @Override
        public ExecutorService executor() {
            return original.executor();
        }

        @Override
        public DataWriter dataWriter() {
            return original.dataWriter();
        }

        @Override
        public Router router() {
            return original.router();
        }

        @Override
        public Optional<ProxyProtocolData> proxyProtocolData() {
            return original.proxyProtocolData();
        }

        @Override
        public HelidonSocket serverSocket() {
            return original.serverSocket();
        }

        @Override
        public PeerInfo remotePeer() {
            return original.remotePeer();
        }

        @Override
        public PeerInfo localPeer() {
            return original.localPeer();
        }

        @Override
        public boolean isSecure() {
            return original.isSecure();
        }

        @Override
        public String socketId() {
            return original.socketId();
        }

        @Override
        public String childSocketId() {
            return original.childSocketId();
        }
    }
}
