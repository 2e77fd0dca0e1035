package dev.demotic.runtime.format.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a file's bytes must hash to, in the hub's two kinds: the SHA-256 of a large (LFS) file, 64 hex digits, or the id
 * that git gives a small one, 40 hex digits: the SHA-1 of {@code "blob <size>\0"} and the bytes.
 */
record Checksum(String hex) {
    private static final Pattern FORM = Pattern.compile("(?:[0-9a-f]{24})?[0-9a-f]{40}");
    private static final int CHUNK = 1 << 20;

    Checksum {
        if (!FORM.matcher(hex).matches()) {
            throw new IllegalArgumentException("not a checksum: " + hex);
        }
    }

    /** The checksum in an ETag or JSON field, empty if the text is none. */
    static Optional<Checksum> of(String text) {
        String hex = text.replaceFirst("^W/", "").replace("\"", "").toLowerCase(Locale.ROOT);
        return FORM.matcher(hex).matches() ? Optional.of(new Checksum(hex)) : Optional.empty();
    }

    boolean matches(Path file) throws IOException {
        MessageDigest digest = digest();
        if (isGitBlob()) {
            digest.update(("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.UTF_8));
        }
        byte[] chunk = new byte[CHUNK];
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
                digest.update(chunk, 0, read);
            }
        }
        return HexFormat.of().formatHex(digest.digest()).equals(hex);
    }

    private boolean isGitBlob() {
        return hex.length() == 40;
    }

    private MessageDigest digest() {
        try {
            return MessageDigest.getInstance(isGitBlob() ? "SHA-1" : "SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-1 and SHA-256", e);
        }
    }
}
