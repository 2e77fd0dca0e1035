package dev.demotic.runtime.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChatTemplateTest {
    private static String render(String template) {
        return ChatTemplate.parse(template).render(Map.of());
    }

    @Test
    void rendersAConversationBuiltInJava() {
        ChatTemplate template = ChatTemplate.parse("""
                {{ bos_token }}{% for m in messages %}
                [{{ m.role }}] {{ m.content or m.tool_calls | tojson }}{{ ' for ' ~ m.tool_call_id if m.tool_call_id }}
                {% endfor %}
                {{ tools | map(attribute='name') | join if tools else 'no tools' }}{{ '>' if add_generation_prompt }}""");
        Conversation conversation = Conversation.of(
                        ChatMessage.system("Be brief."),
                        ChatMessage.user("2 + 2?"),
                        ChatMessage.assistant(
                                List.of(new ChatMessage.ToolCall("c1", "add", new LinkedHashMap<>(Map.of("a", 2))))),
                        ChatMessage.tool("c1", "add", "4"))
                .with("bos_token", "<s>");
        assertThat(template.render(conversation)).isEqualTo("""
                <s>[system] Be brief.
                [user] 2 + 2?
                [assistant] [{"type": "function", "id": "c1", "function": {"name": "add", "arguments": {"a": 2}}}]
                [tool] 4 for c1
                no tools>""");
        assertThat(template.render(
                        conversation.withTools(List.of(Map.of("name", "add"))).withGenerationPrompt(false)))
                .endsWith("for c1\nadd");
    }

    @Test
    void aConversationDoesNotChangeWithWhatItWasMadeFrom() {
        List<ChatMessage> messages = new ArrayList<>(List.of(ChatMessage.user("a")));
        Conversation conversation = Conversation.of(messages);
        messages.clear();
        assertThat(conversation.messages()).hasSize(1);
        assertThat(conversation.with("x", null).extras()).containsKey("x");
        assertThat(conversation.extras()).isEmpty();
        assertThat(ChatMessage.of("user", null).role()).isEqualTo("user");
    }

    @Test
    void errorsNameTheLineAndPassOnWhatTheTemplateSays() {
        assertThatThrownBy(() -> render(
                        "{# two\nlines #}\n{% if true %}\n{{ raise_exception('Roles must alternate') }}{% endif %}"))
                .isInstanceOf(TemplateException.class)
                .hasMessage("chat template, line 4: Roles must alternate")
                .extracting(e -> ((TemplateException) e).line())
                .isEqualTo(4);
        assertThatThrownBy(() -> render("\n{{ a.b.c }}")).hasMessage("chat template, line 2: 'a' is undefined");
        assertThatThrownBy(() -> render("{{ {}.b.c }}"))
                .hasMessage("chat template, line 1: 'dict object' has no attribute 'b'");
        assertThatThrownBy(() -> render("{{ 'x' | shout }}"))
                .hasMessage("chat template, line 1: no filter named 'shout'");
        assertThatThrownBy(() -> render("a\n{% include 'b' %}"))
                .hasMessage("chat template, line 2: the tag 'include' is not supported in chat templates");
        assertThatThrownBy(() -> render("{% for x in y %}\n{% if x %}\n{% endfor %}"))
                .hasMessage("chat template, line 3: unknown or misplaced tag 'endfor'");
        assertThatThrownBy(() -> render("{% macro m() %}\n{{ 1 + 'a' }}{% endmacro %}\n\n{{ m() }}"))
                .hasMessage("chat template, line 2: unsupported operand types for +: 'int' and 'str'");
        assertThatThrownBy(() -> render("{% macro m() %}\n{% endmacro %}\n\n{{ m() ~ nope() }}"))
                .hasMessage("chat template, line 4: 'nope' is undefined");
    }

    @Test
    void foreignObjectsAreRefused() {
        assertThatThrownBy(() -> ChatTemplate.parse("{{ x }}").render(Map.of("x", new Random(1))))
                .isInstanceOf(TemplateException.class)
                .hasMessageContaining("java.util.Random cannot be given to a chat template");
        List<Object> cycle = new ArrayList<>();
        cycle.add(cycle);
        assertThatThrownBy(() -> ChatTemplate.parse("{{ x }}").render(Map.of("x", cycle)))
                .hasMessageContaining("nested more than");
    }

    @Test
    void theHostsValuesStayAsTheyAre() {
        Map<String, @Nullable Object> variables = new HashMap<>();
        variables.put("f", 0.5f);
        variables.put("i", (short) 3);
        variables.put("none", null);
        variables.put("set", java.util.Collections.singleton("x"));
        assertThat(ChatTemplate.parse("{{ f }} {{ i }} {{ set }} {{ set + ['y'] }} {{ unset }}")
                        .render(variables))
                .isEqualTo("0.5 3 ['x'] ['x', 'y'] ");
        assertThat(variables).hasSize(4);
    }

    @Test
    void manyThreadsShareATemplate() {
        ChatTemplate template = ChatTemplate.parse(
                "{% set ns = namespace(n=0) %}{% for i in range(k) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}");
        assertThat(IntStream.range(0, 400)
                        .parallel()
                        .allMatch(k -> template.render(Map.of("k", k)).equals(Integer.toString(k * (k - 1) / 2))))
                .isTrue();
    }

    @ParameterizedTest
    @Timeout(120)
    @ValueSource(
            strings = {
                "{{ range(10**9) }}",
                "{{ 'a' * 10**12 }}",
                "{{ [0] * 10**12 }}",
                "{{ [[0] * 10**6] * 10**6 }}",
                "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
                "{% for a in range(99999) %}{{ 'x' * 99999 }}{% endfor %}",
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
                "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
                "{% set ns = namespace(x=[]) %}{% for i in range(90000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
                "{% set ns = namespace(x=[]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
                "{% set ns = namespace(x=[]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}",
                "{% set ns = namespace(x=[0], y=[0]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
                "{% set ns = namespace(x=[0], y=[0]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x < ns.y }}",
                "{% set ns = namespace(x='ab') %}{% for i in range(90) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
                "{% set ns = namespace(x='ab') %}{% for i in range(90) %}{% set ns.x = ns.x | replace('a', 'aa') %}{% endfor %}",
                "{% set s = 'a' * 10**6 %}{{ s.replace('a', s) }}",
                "{% set s = 'a' * 10**6 %}{{ s | join(s) }}",
                "{% set s = 'a' * 10**7 %}{% for i in range(99999) %}{{ 'b' in s }}{% endfor %}",
                "{% set s = 'a' * 10**7 %}{{ (s[:5000000] ~ 'b') in s }}",
                "{% set s = 'a\n' * 10**6 %}{{ s | indent(10**6) }}",
                "{{ 'a'.center(10**10) }}",
                "{{ '%999999999d' % 1 }}",
                "{{ '{:999999999}'.format(1) }}",
                "{{ '%.999999999f' % 1.5 }}",
                "{{ 9 ** 99999 }}",
                "{{ (2 ** 9000) * (2 ** 9000) }}",
                "{{ [1] | tojson(indent=10**9) }}",
                "{{ 'abc' | batch(10**12, 'x') | list }}",
                "{{ 'abc' | slice(10**12) | list }}",
                "{{ 'a\t'.expandtabs(10**12) }}",
                "{{ '' | center(10**12) }}",
                "{% set d = range(99999) | list %}{% for i in d %}{{ d | sort | length }}{% endfor %}",
                "{% set d = range(99999) | list %}{{ d | unique | list | length }}",
            })
    void hostileTemplatesAreStopped(String template) {
        assertThatThrownBy(() -> render(template)).isInstanceOf(TemplateException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"(", "[", "{{", "{% if a %}", "not ", "-", "a.", "a|f", "1+", "{'a':", "a if ", "x(", "{#", "{%"
            })
    void deepSourcesAreStopped(String piece) {
        String inside = piece.repeat(20_000);
        for (String source : List.of("{{ " + inside + " }}", "{% set x = " + inside + "1 %}", inside)) {
            assertThat(outcome(source)).isNotNull();
        }
    }

    /** Mutations of good templates: each renders to text, or fails with the one kind of error that users are shown. */
    @Test
    void mutatedTemplatesGiveTextOrATemplateException() {
        Random random = new Random(7);
        List<String> sources = new ArrayList<>();
        Golden.snippets().forEach(snippet -> sources.add(snippet.template()));
        Golden.expected("own.json").keySet().forEach(name -> sources.add(Golden.text("own/" + name)));
        Map<String, Object> variables = new HashMap<>(Golden.context());
        variables.putAll(Golden.conversations().getOrDefault("call", Map.of()));
        int rendered = 0;
        for (int i = 0; i < 6_000; i++) {
            String mutant = mutate(sources.get(random.nextInt(sources.size())), sources, random);
            rendered += Golden.render(mutant, variables) == null ? 0 : 1;
        }
        assertThat(rendered).isBetween(600, 5_400);
    }

    private static String outcome(String source) {
        try {
            return render(source);
        } catch (TemplateException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static String mutate(String source, List<String> others, Random random) {
        StringBuilder mutant = new StringBuilder(source);
        String pieces = "{}%#-+|.,()[]'\"\\ \n=<>!*/~:09azé";
        for (int edits = 1 + random.nextInt(3); edits > 0 && !mutant.isEmpty(); edits--) {
            int at = random.nextInt(mutant.length());
            int end = Math.min(mutant.length(), at + 1 + random.nextInt(6));
            String other = others.get(random.nextInt(others.size()));
            int from = random.nextInt(other.length());
            switch (random.nextInt(4)) {
                case 0 -> mutant.delete(at, end);
                case 1 -> mutant.setCharAt(at, pieces.charAt(random.nextInt(pieces.length())));
                case 2 -> mutant.insert(at, mutant.substring(at, end));
                default -> mutant.insert(at, other, from, Math.min(other.length(), from + 1 + random.nextInt(12)));
            }
        }
        return mutant.toString();
    }
}
