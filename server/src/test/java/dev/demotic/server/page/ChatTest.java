package dev.demotic.server.page;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class ChatTest extends PageTestCase {
    @Test
    void sendsWithEnterAndShowsTheReplyAsMarkdown() throws InterruptedException {
        send("cats?");
        awaitReply();
        assertThat(tab.evaluate("document.querySelector('.markdown').innerHTML").asString())
                .isEqualTo("<h3>Cats</h3><p>A <strong>cat</strong> is a small animal.</p>");
        assertThat(tab.text(".message.assistant footer")).contains("9 tokens, 225 a second, 2.25 a pass");
        assertThat(tab.evaluate("document.activeElement.id").asString()).isEqualTo("prompt");

        JsonNode request = server.request();
        assertThat(request.path("model").asString()).isEqualTo("tuned");
        assertThat(request.path("stream").asBoolean()).isTrue();
        assertThat(request.path("trace").asBoolean()).isTrue();
        assertThat(request.path("logprobs").asBoolean()).isTrue();
        assertThat(request.path("top_logprobs").asInt()).isEqualTo(5);
        assertThat(request.path("method").toString()).isEqualTo("{\"name\":\"auto\",\"parameters\":{}}");
        assertThat(request.path("messages").toString()).isEqualTo("[{\"role\":\"user\",\"content\":\"cats?\"}]");
    }

    @Test
    void copiesTheReplyAsItWasWritten() {
        send("cats?");
        awaitReply();
        tab.click(".message.assistant .copy");
        tab.until("document.querySelector('.message.assistant .copy').textContent === 'Copied'");
        assertThat(tab.clipboard()).isEqualTo(Script.TEXT);
    }

    @Test
    void sendsTheWholeConversationAndCanGoBackInIt() throws InterruptedException {
        send("one");
        awaitReply();
        server.request();
        send("two");
        tab.until("document.querySelectorAll('.message.assistant footer button').length === 6");
        assertThat(server.request().path("messages")).hasSize(3);

        tab.evaluate(
                "[...document.querySelectorAll('.message.assistant:last-child button')].find(b => b.innerText === 'Again').click()");
        assertThat(server.request().path("messages")).hasSize(3);
        tab.until("document.querySelectorAll('.message.assistant footer button').length === 6");

        tab.click(".message.user button");
        assertThat(tab.evaluate("document.querySelectorAll('.message').length").asInt())
                .isZero();
        assertThat(tab.evaluate("document.querySelector('#prompt').value").asString())
                .isEqualTo("one");
    }

    @Test
    void sendsSettingsThatWereSetAndNoOthers() throws InterruptedException {
        tab.evaluate("document.querySelector('#prompt').blur()");
        tab.press("s");
        tab.until("document.querySelector('#settings').open");
        set("[name=temperature]", "0");
        set("[name=seed]", "42");
        set("#sampling textarea", "###");
        set("#method-settings [name=tokens]", "8");
        tab.press("Escape");
        tab.until("!document.querySelector('#settings').open");
        reload();
        send("x");
        awaitReply();

        JsonNode request = server.request();
        assertThat(request.path("temperature").asDouble(-1)).isZero();
        assertThat(request.path("seed").asInt()).isEqualTo(42);
        assertThat(request.path("stop").toString()).isEqualTo("[\"###\"]");
        assertThat(request.path("method").toString()).isEqualTo("{\"name\":\"auto\",\"parameters\":{\"tokens\":8}}");
        assertThat(request.has("top_k")).isFalse();
        assertThat(request.has("max_tokens")).isFalse();
    }

    @Test
    void escapeStopsTheReplyAndKeepsWhatCame() throws InterruptedException {
        send("slow");
        tab.until("document.querySelector('.markdown')?.innerText.includes('Cats')");
        tab.press("Escape");
        awaitReply();
        assertThat(server.lostClient()).isTrue();
        assertThat(tab.text("#status")).isEqualTo("Stopped.");
        assertThat(tab.text(".markdown")).contains("Cats");
        assertThat(tab.evaluate("document.querySelector('#problem').hidden").asBoolean())
                .isTrue();
    }

    @Test
    void saysInOneSentenceWhatWentWrong() {
        send("busy");
        tab.until("!document.querySelector('#problem').hidden");
        assertThat(tab.text("#problem span")).isEqualTo("Too many requests wait; try again in 3 s.");
        assertThat(tab.evaluate("document.querySelectorAll('.message').length").asInt())
                .isEqualTo(1);

        tab.click("#new-chat");
        send("broken");
        awaitReply();
        assertThat(tab.text("#problem span")).isEqualTo("The machine ran out of patience.");

        tab.click("#new-chat");
        send("cut");
        awaitReply();
        assertThat(tab.text("#problem span")).isEqualTo("The reply broke off: the connection to the server was lost.");

        tab.click("#new-chat");
        server.close();
        send("hello");
        tab.until("!document.querySelector('#problem').hidden");
        assertThat(tab.text("#problem span")).isEqualTo("The server cannot be reached; is it still running?");
    }

    @Test
    void asksForTheKeyOfALockedServer() {
        server.lock("open sesame");
        tab.go(server.page().resolve("?locked"));
        tab.until("document.querySelector('#settings').open");
        assertThat(tab.evaluate("document.activeElement.id").asString()).isEqualTo("api-key");
        set("#api-key", "open sesame");
        tab.until("document.querySelectorAll('#model option').length === 2");
        assertThat(tab.evaluate("document.querySelector('#problem').hidden").asBoolean())
                .isTrue();
        assertThat(tab.evaluate("JSON.stringify(localStorage)").asString()).doesNotContain("sesame");
    }

    @Test
    void continuesTextWithAModelThatHasNoTemplate() throws InterruptedException {
        choose("#model", "base");
        assertThat(tab.evaluate(
                                "[...document.querySelector('#method').options].filter(o => o.disabled).map(o => o.value).join()")
                        .asString())
                .as("methods that need a draft model, which this one lacks")
                .isEqualTo("draft,lossy");
        send("Once upon");
        awaitReply();
        JsonNode request = server.request();
        assertThat(request.path("prompt").asString()).isEqualTo("Once upon");
        assertThat(request.path("logprobs").asInt()).isEqualTo(5);
        assertThat(tab.evaluate("document.querySelector('.message.assistant .text').textContent")
                        .asString())
                .isEqualTo(Script.TEXT);
        tab.hover("#strip .accepted");
        assertThat(tab.text("#alternatives")).contains("75 %").contains("12.5 %");
    }

    @Test
    void shortcutsWorkOutsideOfFieldsOnly() {
        tab.evaluate("document.querySelector('#prompt').focus()");
        tab.type("");
        tab.press("c");
        assertThat(tab.evaluate("document.body.dataset.view").asString()).isEqualTo("chat");
        tab.evaluate("document.activeElement.blur()");
        tab.press("c");
        assertThat(tab.evaluate("document.body.dataset.view").asString()).isEqualTo("compare");
        tab.evaluate("document.activeElement.blur()");
        tab.press("/");
        assertThat(tab.evaluate("document.body.dataset.view + document.activeElement.id")
                        .asString())
                .isEqualTo("chatprompt");
        tab.evaluate("document.activeElement.blur()");
        tab.press("?");
        assertThat(tab.text("#shortcuts")).contains("draw the round before");
    }

    private void set(String selector, String value) {
        tab.evaluate("document.querySelector('%s').focus()".formatted(selector));
        tab.evaluate("document.querySelector('%s').select()".formatted(selector));
        tab.type(value);
        tab.evaluate("document.querySelector('%s').blur()".formatted(selector));
    }

    private void choose(String selector, String value) {
        tab.evaluate("{ const e = document.querySelector('%s'); e.value = '%s'; e.dispatchEvent(new Event('change')); }"
                .formatted(selector, value));
    }
}
