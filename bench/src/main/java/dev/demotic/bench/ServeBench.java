package dev.demotic.bench;

import dev.demotic.runtime.DemoticException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** Puts loads on a server of OpenAI's API, one after the other, and measures what its users would feel. */
public final class ServeBench implements AutoCloseable {
    private static final int WARM_UP = -1;

    private final LoadClient client = new LoadClient();
    private final LoadRequest request;
    private final LoadPrompts prompts;
    private final int requests;
    private final Optional<Duration> time;
    private int words;
    private int loads;

    /** Told of every reply. */
    @FunctionalInterface
    public interface Progress {
        void answered(String load, int replies, int requests);
    }

    /**
     * @param request what each request asks for
     * @param requests of each load, at most
     * @param time after which a load sends nothing new
     */
    public ServeBench(LoadRequest request, int requests, Optional<Duration> time) {
        this.request = request;
        this.requests = requests;
        this.time = time;
        prompts = new LoadPrompts(request.seed());
        words = request.promptTokens();
    }

    /**
     * The first model that a server offers.
     *
     * @throws DemoticException if there is no server, or it offers none
     */
    public static String firstModel(URI url, Optional<String> apiKey) {
        try (LoadClient client = new LoadClient()) {
            return client.firstModel(url, apiKey);
        }
    }

    /**
     * Sends two requests, which warm the server up and tell how many words make the wanted tokens there: its template adds some
     * of its own, so two points make the line.
     *
     * @throws DemoticException if the server does not answer them
     */
    public void warmUp() {
        int wanted = request.promptTokens();
        int tokens = promptTokens(wanted);
        if (tokens == 0) {
            return;
        }
        words = Math.max(1, wanted * wanted / tokens);
        int again = promptTokens(words);
        if (again != tokens) {
            words = Math.max(1, words + (wanted - again) * (wanted - words) / (tokens - again));
        }
    }

    private int promptTokens(int count) {
        LoadSample sample =
                client.send(request, prompts.text(WARM_UP, count), request.maxTokens(), WARM_UP, System.nanoTime(), 0);
        sample.error().ifPresent(error -> {
            throw new DemoticException("%s does not answer a chat completion (%s)".formatted(request.url(), error));
        });
        return sample.promptTokens();
    }

    /** Puts on a load, until its last reply is there. Its prompts are others than those of the loads before. */
    public LoadResult run(Load load, Progress progress) {
        ConcurrentLinkedQueue<LoadSample> samples = new ConcurrentLinkedQueue<>();
        Run run = new Run(load, loads++ * requests, samples, progress, System.nanoTime());
        switch (load) {
            case Load.Open(double rate) -> run.open(new Arrivals(rate, request.seed()));
            case Load.Closed(int clients) -> run.closed(clients);
        }
        double seconds = 1e-9 * (System.nanoTime() - run.started());
        return new LoadResult(
                request,
                load,
                samples.stream()
                        .sorted(Comparator.comparingInt(LoadSample::index))
                        .toList(),
                seconds);
    }

    /** Puts the same load on all, one after the other, as often as there are rounds; who begins changes. */
    public static List<LoadResult> runAll(List<ServeBench> benches, Load load, int rounds, Progress progress) {
        LoadResult[] results = new LoadResult[benches.size()];
        for (int round = 0; round < rounds; round++) {
            for (int turn = 0; turn < results.length; turn++) {
                int index = (round + turn) % results.length;
                LoadResult result = benches.get(index).run(load, progress);
                results[index] = round == 0 ? result : results[index].with(result);
            }
        }
        return List.of(results);
    }

    @Override
    public void close() {
        client.close();
    }

    /** One load under way. */
    private final class Run {
        private final Load load;
        private final int firstPrompt;
        private final ConcurrentLinkedQueue<LoadSample> samples;
        private final Progress progress;
        private final long started;

        private Run(
                Load load,
                int firstPrompt,
                ConcurrentLinkedQueue<LoadSample> samples,
                Progress progress,
                long started) {
            this.load = load;
            this.firstPrompt = firstPrompt;
            this.samples = samples;
            this.progress = progress;
            this.started = started;
        }

        long started() {
            return started;
        }

        void open(Arrivals arrivals) {
            List<Thread> threads = new ArrayList<>();
            for (int index = 0; index < requests; index++) {
                double due = arrivals.next();
                if (due > limit()) {
                    break;
                }
                int mine = index;
                sleepUntil(due);
                threads.add(Thread.ofVirtual().name("demotic-load").start(() -> send(mine, due)));
            }
            join(threads);
        }

        void closed(int clients) {
            AtomicInteger next = new AtomicInteger();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                threads.add(Thread.ofVirtual().name("demotic-load").start(() -> {
                    int index = next.getAndIncrement();
                    while (index < requests && now() <= limit()) {
                        send(index, now());
                        index = next.getAndIncrement();
                    }
                }));
            }
            join(threads);
        }

        private void send(int index, double due) {
            samples.add(client.send(
                    request, prompts.text(firstPrompt + index, words), request.maxTokens(), index, started, due));
            progress.answered(load.label(), samples.size(), requests);
        }

        private double now() {
            return 1e-9 * (System.nanoTime() - started);
        }

        private double limit() {
            return time.map(duration -> 1e-9 * duration.toNanos()).orElse(Double.POSITIVE_INFINITY);
        }

        private void sleepUntil(double due) {
            while (now() < due) {
                LockSupport.parkNanos((long) (1e9 * (due - now())));
                if (Thread.interrupted()) {
                    throw new DemoticException("interrupted");
                }
            }
        }

        private static void join(List<Thread> threads) {
            try {
                for (Thread thread : threads) {
                    thread.join();
                }
            } catch (InterruptedException e) {
                threads.forEach(Thread::interrupt);
                throw new DemoticException("interrupted", e);
            }
        }
    }
}
