package dev.demotic.server;

/** Answers the requests of one path. */
@FunctionalInterface
interface Endpoint {
    /**
     * @throws ApiException if the request is refused
     * @throws dev.demotic.runtime.DemoticException if something in it cannot be used
     */
    void handle(Exchange exchange);
}
