package dev.demotic.server;

import org.jspecify.annotations.Nullable;

/** A request that ends in an error, as OpenAI's API tells it: a status, and one sentence that says what is wrong. */
final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private static final String INVALID = "invalid_request_error";
    private static final String SERVER = "server_error";

    private final int status;
    private final String type;
    private final @Nullable String param;
    private final @Nullable String code;
    private final int retryAfterSeconds;

    private ApiException(
            int status,
            String type,
            @Nullable String param,
            @Nullable String code,
            int retryAfterSeconds,
            String message,
            @Nullable Throwable cause) {
        super(message, cause);
        this.status = status;
        this.type = type;
        this.param = param;
        this.code = code;
        this.retryAfterSeconds = retryAfterSeconds;
    }

    private static ApiException refused(int status, @Nullable String param, @Nullable String code, String message) {
        return new ApiException(status, INVALID, param, code, 0, message, null);
    }

    /** @param param the field to blame, if it is one */
    static ApiException invalid(@Nullable String param, String message) {
        return refused(400, param, null, message);
    }

    static ApiException unsupported(String param, String message) {
        return refused(400, param, "unsupported_value", message);
    }

    static ApiException contextExceeded(String param, String message) {
        return refused(400, param, "context_length_exceeded", message);
    }

    static ApiException unauthorized() {
        return refused(
                401, null, "invalid_api_key", "the API key is missing or wrong; send it as Authorization: Bearer KEY");
    }

    static ApiException forbidden(String message) {
        return refused(403, null, null, message);
    }

    static ApiException notFound(String message) {
        return refused(404, null, null, message);
    }

    static ApiException noModel(String message) {
        return refused(404, "model", "model_not_found", message);
    }

    static ApiException methodNotAllowed(String message) {
        return refused(405, null, null, message);
    }

    static ApiException tooSlow(String message) {
        return refused(408, null, null, message);
    }

    /** For what is no request of this API at all. */
    static ApiException improper(int status, String message) {
        return refused(status, null, null, message);
    }

    static ApiException tooLarge(String message) {
        return refused(413, null, null, message);
    }

    /** For what is in order but beyond the model. */
    static ApiException unprocessable(String param, String message) {
        return refused(422, param, null, message);
    }

    static ApiException tooMany(int retryAfterSeconds, String message) {
        return new ApiException(429, "rate_limit_error", null, "queue_full", retryAfterSeconds, message, null);
    }

    static ApiException unavailable(String message, @Nullable Throwable cause) {
        return new ApiException(503, SERVER, null, "unavailable", 1, message, cause);
    }

    static ApiException internal(Throwable cause) {
        return new ApiException(
                500, SERVER, null, null, 0, "a defect of Demotic (" + cause + "); the server's log tells more", cause);
    }

    int status() {
        return status;
    }

    /** Seconds after which it is worth trying again; 0 if that is never. */
    int retryAfterSeconds() {
        return retryAfterSeconds;
    }

    JsonObject body() {
        return Json.object()
                .with(
                        "error",
                        Json.object()
                                .with("message", getMessage())
                                .with("type", type)
                                .with("param", param)
                                .with("code", code));
    }
}
