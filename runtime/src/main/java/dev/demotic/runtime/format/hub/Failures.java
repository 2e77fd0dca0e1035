package dev.demotic.runtime.format.hub;

import java.io.IOException;
import java.net.ConnectException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Objects;

/** Says in words why a disk or network operation failed, where Java's message is a bare path or nothing. */
final class Failures {
    private Failures() {}

    static String reason(IOException failure) {
        return switch (failure) {
            case AccessDeniedException e -> "access is denied";
            case NoSuchFileException e -> "it does not exist";
            case NotDirectoryException e -> "it is not a folder";
            case FileAlreadyExistsException e -> "a file of that name is in the way";
            case FileSystemException e when e.getReason() != null -> e.getReason();
            case ConnectException e
            when e.getCause() instanceof UnresolvedAddressException
                    || e.getCause() != null && e.getCause().getCause() instanceof UnresolvedAddressException ->
                "the host is unknown";
            case ConnectException e -> "no connection";
            default -> Objects.requireNonNullElse(failure.getMessage(), "the connection broke");
        };
    }
}
