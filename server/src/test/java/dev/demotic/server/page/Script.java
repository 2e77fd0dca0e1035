package dev.demotic.server.page;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the fake server replies: the rounds of each method. */
final class Script {
    /** Nine tokens, the same by every lossless method. */
    static final String TEXT = "# Cats\n\nA **cat** is a small animal.";

    record Node(
            int parent, String text, String state, @Nullable Double probability) {}

    record Round(List<Node> nodes, String bonus) {
        /** The tokens that it adds to the reply. */
        List<String> emitted() {
            Stream<String> accepted = nodes.stream()
                    .filter(node -> node.state().equals("accepted"))
                    .map(Node::text);
            return Stream.concat(accepted, Stream.of(bonus)).toList();
        }
    }

    private Script() {}

    /** Four passes with ten drafted tokens, of which five are right; or nine passes without a draft. */
    static List<Round> reply(String method) {
        return switch (method) {
            case "plain" -> plain(drafted(".").stream().flatMap(round -> round.emitted().stream()));
            case "lossy" -> drafted("!");
            default -> drafted(".");
        };
    }

    /** A reply of this text, a character a round. */
    static List<Round> spelled(String text) {
        return plain(text.codePoints().mapToObj(Character::toString));
    }

    private static List<Round> plain(Stream<String> tokens) {
        return tokens.map(token -> new Round(List.of(), token)).toList();
    }

    private static List<Round> drafted(String end) {
        return List.of(
                new Round(
                        List.of(
                                new Node(-1, "# Cats", "accepted", 0.9),
                                new Node(0, "\n\n", "accepted", 0.8),
                                new Node(1, "The ", "rejected", 0.4),
                                new Node(2, "dog", "untested", null)),
                        "A "),
                new Round(
                        List.of(
                                new Node(-1, "**cat**", "accepted", 0.5),
                                new Node(-1, "**dog**", "untested", 0.3),
                                new Node(0, " is", "accepted", 0.7),
                                new Node(2, " the", "rejected", 0.1)),
                        " a"),
                new Round(List.of(new Node(-1, " big", "rejected", 0.6)), " small"),
                new Round(List.of(new Node(-1, " animal", "accepted", 0.9)), end));
    }

    /** The round as the API tells it. */
    static Map<String, Object> trace(Round round) {
        List<Map<String, Object>> nodes = new ArrayList<>();
        for (Node node : round.nodes()) {
            Map<String, Object> json = new HashMap<>();
            json.put("parent", node.parent());
            json.put("id", nodes.size());
            json.put("text", node.text());
            json.put("state", node.state());
            json.put("probability", node.probability());
            nodes.add(json);
        }
        return Map.of(
                "nodes",
                nodes,
                "bonus",
                Map.of("id", 99, "text", round.bonus()),
                "drafter",
                "suffix",
                "draft_ms",
                0.4,
                "verify_ms",
                7.5);
    }
}
