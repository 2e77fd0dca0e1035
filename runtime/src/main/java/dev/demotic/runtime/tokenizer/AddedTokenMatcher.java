package dev.demotic.runtime.tokenizer;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Finds added tokens in a text: the leftmost match, and the longest of those. */
final class AddedTokenMatcher {
    /** Takes the parts of a text in order. */
    interface Parts {
        /** Text between tokens, never empty. */
        void text(int start, int end);

        void token(int id);
    }

    private final AddedToken[] tokens;
    private final PieceTable patterns;
    /** By first char, the lengths of the patterns, longest first. */
    private final Map<Character, int[]> lengths = new HashMap<>();

    AddedTokenMatcher(List<AddedToken> added) {
        Map<String, AddedToken> byPattern = new LinkedHashMap<>();
        for (AddedToken token : added) {
            byPattern.putIfAbsent(token.pattern(), token);
        }
        tokens = byPattern.values().toArray(AddedToken[]::new);
        patterns = new PieceTable(Arrays.stream(tokens).map(AddedToken::pattern).toArray(String[]::new));
        Map<Character, TreeSet<Integer>> sets = new HashMap<>();
        for (AddedToken token : tokens) {
            sets.computeIfAbsent(token.pattern().charAt(0), first -> new TreeSet<>(Comparator.reverseOrder()))
                    .add(token.pattern().length());
        }
        sets.forEach((first, set) ->
                lengths.put(first, set.stream().mapToInt(Integer::intValue).toArray()));
    }

    void split(String text, Parts out) {
        int done = 0;
        for (int i = 0; i < text.length() && tokens.length > 0; ) {
            AddedToken token = match(text, i);
            if (token == null) {
                i++;
                continue;
            }
            int start = i;
            int end = i + token.pattern().length();
            i = end;
            if (token.singleWord() && (endsWithWord(text, start) || startsWithWord(text, end))) {
                continue;
            }
            if (token.leftStrip()) {
                start = Characters.spaceBefore(text, start);
            }
            if (token.rightStrip()) {
                end = Characters.spaceAfter(text, end);
            }
            if (done < start) {
                out.text(done, start);
            }
            out.token(token.id());
            done = Math.max(done, end);
        }
        if (done < text.length()) {
            out.text(done, text.length());
        }
    }

    private @Nullable AddedToken match(String text, int start) {
        int[] candidates = lengths.get(text.charAt(start));
        if (candidates == null) {
            return null;
        }
        for (int length : candidates) {
            int index = start + length <= text.length() ? patterns.find(text, start, start + length) : PieceTable.NONE;
            if (index != PieceTable.NONE) {
                return tokens[index];
            }
        }
        return null;
    }

    private static boolean endsWithWord(String text, int end) {
        return end > 0 && Characters.isWord(text.codePointBefore(end));
    }

    private static boolean startsWithWord(String text, int start) {
        return start < text.length() && Characters.isWord(text.codePointAt(start));
    }
}
