package dev.demotic.runtime.format.hub;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.hub.HubClient.Answer;
import dev.demotic.runtime.format.hub.HubClient.Resume;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.util.Optional;

/** Brings one file from the hub to its place: resumed where it broke off, tried again where it breaks, verified, then moved. */
final class Download {
    private static final int CHUNK = 1 << 16;
    /** A broken attempt that brought this much shows a line that works, and does not count against the limit. */
    private static final long ADVANCE = 1 << 20;

    private static final long SLOW_TO_VERIFY = 256 << 20;

    private static final String RESUMES = "what has arrived is kept, so run the same pull again to resume it";

    private final HubClient client;
    private final String commit;
    private final RepositoryFile file;
    private final PartialFile part;
    private final Tally tally;
    private final Attempts attempts;
    /** What the bytes must hash to: from the list of files, else from the headers that the file came with. */
    private Optional<Checksum> checksum;

    Download(HubClient client, String commit, RepositoryFile file, Path target, Conditions conditions, Tally tally) {
        this.client = client;
        this.commit = commit;
        this.file = file;
        this.part = new PartialFile(target);
        this.tally = tally;
        this.attempts = new Attempts("download " + file.name(), RESUMES, conditions.pause(), tally.progress());
        this.checksum = file.checksum();
    }

    /** Downloads the file; its folder exists. Returns what it was verified against, empty if the hub says nothing. */
    Optional<Checksum> run() throws IOException {
        attempts.run(() -> {
            try {
                receive();
                return true;
            } catch (ClosedByInterruptException e) {
                throw new TransientFailure(e);
            } catch (IOException e) {
                throw new DemoticException(
                        "cannot write " + file.name() + ": " + Failures.reason(e) + "; " + RESUMES
                                + " when that is mended",
                        e);
            }
        });
        verify();
        part.finish();
        return checksum;
    }

    private void receive() throws IOException, TransientFailure {
        if (checksum.isPresent() && part.size() == file.size()) {
            return;
        }
        Optional<Resume> resume = part.resume().filter(r -> file.size() < 0 || r.offset() < file.size());
        try (Answer answer = client.open(commit, file.name(), resume)) {
            long size = size(answer);
            long offset = begin(answer, resume);
            checksum = file.checksum().or(answer::checksum);
            tally.at(file.name(), offset);
            copy(answer, offset, size);
            if (size >= 0 && part.size() < size) {
                throw new TransientFailure("the connection was cut");
            }
        }
    }

    /** Makes ready for what the answer brings, and returns where in the file that starts. */
    private long begin(Answer answer, Optional<Resume> resume) throws IOException, TransientFailure {
        if (answer.status() == 200) {
            part.restart(answer.etag());
            return 0;
        }
        long offset = resume.map(Resume::offset).orElse(0L);
        boolean sameFile = resume.isPresent()
                && answer.etag()
                        .filter(etag -> !etag.equals(resume.get().etag()))
                        .isEmpty();
        if (answer.status() != 206 || !sameFile || !answer.range().orElse("").startsWith("bytes " + offset + "-")) {
            part.discard();
            throw new TransientFailure("the hub cannot continue where it broke off, so it starts again");
        }
        return offset;
    }

    /** Bytes that the whole file will have, or -1 if neither the list nor the answer says. */
    private long size(Answer answer) {
        if (file.size() < 0) {
            return answer.size().orElse(-1);
        }
        if (answer.status() != 416 && answer.size().orElse(file.size()) != file.size()) {
            throw new DemoticException("the hub lists " + file.name() + " with " + file.size() + " bytes but sends "
                    + answer.size().getAsLong() + "; try again later");
        }
        return file.size();
    }

    private void copy(Answer answer, long offset, long size) throws IOException, TransientFailure {
        byte[] chunk = new byte[CHUNK];
        long done = offset;
        try (OutputStream out = part.append()) {
            for (int read = read(answer, chunk, done - offset); read >= 0; read = read(answer, chunk, done - offset)) {
                done += read;
                if (size >= 0 && done > size) {
                    throw damaged("the hub announces " + size + " bytes but sends more");
                }
                out.write(chunk, 0, read);
                tally.at(file.name(), done);
            }
        }
    }

    private int read(Answer answer, byte[] chunk, long arrived) throws TransientFailure {
        try {
            return answer.body().read(chunk);
        } catch (IOException e) {
            if (arrived >= ADVANCE) {
                attempts.advanced();
            }
            throw new TransientFailure(e);
        }
    }

    private void verify() throws IOException {
        if (checksum.isEmpty()) {
            tally.progress()
                    .message("the hub gives no checksum for " + file.name() + ", so only its length is checked");
            return;
        }
        if (part.size() >= SLOW_TO_VERIFY) {
            tally.progress().message("verifying " + file.name());
        }
        if (!part.matches(checksum.get())) {
            throw damaged("its checksum is not what the hub says");
        }
    }

    private DemoticException damaged(String how) throws IOException {
        part.discard();
        return new DemoticException(
                file.name() + " arrived damaged and was deleted: " + how + "; run the same pull again, or try later");
    }
}
