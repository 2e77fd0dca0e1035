package dev.demotic.decoding.tools;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.runtime.template.ChatMessage;
import dev.demotic.runtime.template.Conversation;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ToolUseTest {
    private static final Map<String, Object> ADD =
            Map.of("type", "function", "function", Map.of("name", "add", "description", "Adds."));

    @Test
    void aTemplateThatKnowsToolsGetsThemAsTheyAre() {
        ToolUse use = ToolUse.of("{% if tools %}<tool_call>{% endif %}{{ messages }}");
        Conversation conversation = Conversation.of(ChatMessage.user("1 + 1?")).withTools(List.of(ADD));

        assertThat(use.format()).isEqualTo(ToolCallFormat.HERMES);
        assertThat(use.prepare(conversation)).isEqualTo(conversation);
    }

    @Test
    void otherTemplatesAreToldInTheSystemMessage() {
        Conversation prepared = ToolUse.of("{{ messages }}")
                .prepare(Conversation.of(ChatMessage.system("Be brief."), ChatMessage.user("1 + 1?"))
                        .withTools(List.of(ADD)));

        assertThat(prepared.tools()).isEmpty();
        assertThat(prepared.messages()).hasSize(2);
        assertThat(String.valueOf(prepared.messages().getFirst().fields().get("content")))
                .startsWith("Be brief.\n\nYou can call these tools:\n{")
                .contains("\"name\": \"add\"", "<tool_call>");
    }

    @Test
    void callsAndResultsBecomeText() {
        Conversation prepared = ToolUse.of("{{ messages }}")
                .prepare(Conversation.of(
                        ChatMessage.assistant(List.of(new ChatMessage.ToolCall("1", "add", Map.of("a", 1)))),
                        ChatMessage.tool("1", "add", "2")));

        assertThat(prepared.messages())
                .containsExactly(
                        ChatMessage.assistant("<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": 1}}</tool_call>"),
                        ChatMessage.user("<tool_response>2</tool_response>"));
    }

    @Test
    void formatsAreKnownByTheTemplate() {
        assertThat(ToolUse.of("{{ tools }} [TOOL_CALLS]").format()).isEqualTo(ToolCallFormat.MISTRAL);
        assertThat(ToolUse.of("{{ tools }} <|start_header_id|>").format()).isEqualTo(ToolCallFormat.LLAMA);
        assertThat(ToolUse.of("{{ messages }}").format()).isEqualTo(ToolCallFormat.GENERIC);
    }
}
