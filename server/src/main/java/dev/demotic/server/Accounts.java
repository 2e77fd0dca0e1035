package dev.demotic.server;

import dev.demotic.decoding.Reply;
import dev.demotic.decoding.speculate.SpeculationReport;
import dev.demotic.decoding.speculate.SpeculationStatistics;
import java.util.List;

/** What replies took: tokens and time. */
final class Accounts {
    private Accounts() {}

    static int completionTokens(List<Reply> replies) {
        return replies.stream()
                .mapToInt(reply -> reply.usage().completionTokens())
                .sum();
    }

    /** Tokens of replies to one prompt, as OpenAI counts them. */
    static JsonObject usage(List<Reply> replies) {
        Reply.Usage first = replies.getFirst().usage();
        return usage(first.promptTokens(), first.cachedTokens(), completionTokens(replies));
    }

    static JsonObject usage(int promptTokens, int cachedTokens, int completionTokens) {
        return Json.object()
                .with("prompt_tokens", promptTokens)
                .with("completion_tokens", completionTokens)
                .with("total_tokens", promptTokens + completionTokens)
                .with("prompt_tokens_details", Json.object().with("cached_tokens", cachedTokens));
    }

    /** Time, and what speculation did, of all replies together. */
    static JsonObject timings(List<Reply> replies) {
        Reply first = replies.getFirst();
        int prompt = first.usage().promptTokens() - first.usage().cachedTokens();
        int predicted = completionTokens(replies);
        double promptSeconds = replies.stream()
                .mapToDouble(reply -> reply.timings().promptSeconds())
                .max()
                .orElse(0);
        double seconds = replies.stream()
                .mapToDouble(reply -> reply.timings().decodeSeconds())
                .max()
                .orElse(0);
        SpeculationStatistics drafts = replies.stream()
                .flatMap(reply -> reply.report(SpeculationReport.class).stream())
                .map(SpeculationReport::statistics)
                .reduce(SpeculationStatistics.none(), SpeculationStatistics::plus);
        return Json.object()
                .with("prompt_n", prompt)
                .with("prompt_ms", 1e3 * promptSeconds)
                .with("predicted_n", predicted)
                .with("predicted_ms", 1e3 * seconds)
                .with("predicted_per_second", seconds == 0 ? 0 : (predicted - replies.size()) / seconds)
                .with("cached_n", first.usage().cachedTokens())
                .with("draft_n", drafts.drafted())
                .with("draft_n_accepted", drafts.accepted())
                .with("rounds", drafts.rounds());
    }
}
