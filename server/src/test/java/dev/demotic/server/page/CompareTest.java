package dev.demotic.server.page;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class CompareTest extends PageTestCase {
    @Test
    void runsTwoMethodsOnTheSamePromptAndSeed() throws InterruptedException {
        compare("auto");
        assertThat(tab.text("#verdict")).isEqualTo("The texts are equal. B decoded at 2.25 × the speed of A.");
        JsonNode a = server.request();
        JsonNode b = server.request();
        assertThat(a.at("/method/name").asString()).isEqualTo("plain");
        assertThat(b.at("/method/name").asString()).isEqualTo("auto");
        assertThat(a.path("seed").isIntegralNumber()).isTrue();
        assertThat(a.path("seed")).isEqualTo(b.path("seed"));
        assertThat(a.path("cache_prompt").asBoolean(true)).isFalse();
        assertThat(a.path("messages")).isEqualTo(b.path("messages"));
        assertThat(tab.text("#compare-table").replaceAll("\\s+", " "))
                .contains(
                        "A (plain) B (auto)",
                        "time 110 ms 60 ms",
                        "tokens a second 100 225",
                        "tokens a pass 1 2.25",
                        "accepted – 50 %");
        assertThat(tab.evaluate("document.querySelectorAll('#text-a .own').length")
                        .asInt())
                .isEqualTo(9);
        assertThat(tab.evaluate("document.querySelectorAll('#text-b .accepted').length")
                        .asInt())
                .isEqualTo(5);
        assertThat(tab.evaluate("document.querySelectorAll('#compare-chart svg').length")
                        .asInt())
                .isEqualTo(1);
    }

    @Test
    void saysWhereTextsPart() {
        compare("lossy");
        assertThat(tab.text("#verdict"))
                .startsWith(
                        "The texts differ from character 36 on: “small animal.” in A, “small animal!” in B. B decoded at");
    }

    @Test
    void escapeStopsBoth() throws InterruptedException {
        open("slow");
        tab.press("Ctrl+Enter");
        tab.until("document.querySelector('#text-a .token')");
        tab.press("Escape");
        tab.until("document.querySelector('#compare-status').textContent === 'Stopped.'");
        assertThat(server.lostClient()).isTrue();
        server.request();
        assertThat(tab.evaluate("document.querySelectorAll('#text-b .token').length")
                        .asInt())
                .isZero();
    }

    @Test
    void saysWhatWentWrong() {
        open("busy");
        tab.press("Ctrl+Enter");
        tab.until("!document.querySelector('#problem').hidden");
        assertThat(tab.text("#problem span")).isEqualTo("Too many requests wait; try again in 3 s.");
    }

    private void compare(String methodB) {
        open("cats?");
        tab.evaluate(
                "{ const e = document.querySelector('#method-b select'); e.value = '%s'; e.dispatchEvent(new Event('change')); }"
                        .formatted(methodB));
        tab.press("Ctrl+Enter");
        tab.until("document.querySelector('#verdict').textContent !== '' && document.querySelector('#text-b .token')");
    }

    private void open(String prompt) {
        tab.evaluate("document.activeElement.blur()");
        tab.press("c");
        tab.type(prompt);
    }
}
