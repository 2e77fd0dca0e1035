package dev.demotic.server.page;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The view of decoding: ten drafted tokens in four rounds, of which five are accepted. */
class DecodingTest extends PageTestCase {
    @Test
    void showsTheFateOfEveryToken() {
        reply();
        assertThat(tab.evaluate(
                                "[...document.querySelectorAll('#strip .token')].map(t => t.className.at(6) + t.textContent).join('|')")
                        .asString())
                .isEqualTo("a# Cats|a⏎\n⏎\n|rThe␣|bA |a**cat**|a is|r␣the|b a|r␣big|b small|a animal|b.");
        assertThat(tab.evaluate("document.querySelector('#strip .rejected').getAttribute('aria-label')")
                        .asString())
                .isEqualTo("The␣, rejected");
        assertThat(tab.evaluate("getComputedStyle(document.querySelector('#strip .rejected')).textDecorationLine")
                        .asString())
                .as("a mark besides the colour")
                .isEqualTo("line-through");
        assertThat(tab.text("#figures").replaceAll("\\s+", " "))
                .contains(
                        "tokens 9",
                        "tokens a second 225",
                        "tokens a pass 2.25",
                        "accepted 50 % of 10",
                        "prompt from cache 7");
        tab.click("#hide-rejected");
        assertThat(tab.evaluate("document.querySelector('#strip .rejected').offsetParent === null")
                        .asBoolean())
                .isTrue();
    }

    @Test
    void drawsTheTreeOfEachRound() {
        reply();
        tab.until("document.querySelector('#round-name').textContent.startsWith('Round 4 of 4')");
        assertThat(boxes()).isEqualTo("accepted ✓ ␣animal 90 %|bonus ★ .");
        tab.evaluate("document.activeElement.blur()");
        tab.press("[");
        tab.press("[");
        tab.until("document.querySelector('#round-name').textContent.startsWith('Round 2 of 4')");
        assertThat(tab.text("#round-name"))
                .isEqualTo(
                        "Round 2 of 4: 2 of 4 drafted tokens accepted by suffix: **cat** ␣is; then ␣a (drafted in 0.4 ms, verified in 7.5 ms)");
        assertThat(boxes())
                .isEqualTo(
                        "accepted ✓ **cat** 50 %|untested · **dog** 30 %|accepted ✓ ␣is 70 %|rejected ✗ ␣the 10 %|bonus ★ ␣a");
        assertThat(tab.evaluate("document.querySelectorAll('.tree .edge').length")
                        .asInt())
                .isEqualTo(5);

        tab.click("#strip .token");
        tab.until("document.querySelector('#round-name').textContent.startsWith('Round 1 of 4')");
        assertThat(tab.evaluate("document.querySelector('#round-back').disabled")
                        .asBoolean())
                .isTrue();
        tab.click("#round-last");
        tab.until("document.querySelector('#round-name').textContent.startsWith('Round 4 of 4')");
    }

    /** Accepted tokens run along the top, every box in a column right of its parent's, and no two in one place. */
    @Test
    void laysTreesOutWithoutOverlap() {
        assertThat(tab.evaluate("""
                        (async () => {
                          const {layOut} = await import('/tree.js');
                          const nodes = [];
                          for (let i = 0; i < 60; i++) {
                            const parent = i < 2 ? -1 : Math.floor(i * 0.7) - 1;
                            nodes.push({parent, id: i, text: 'x', probability: null, state: i === 1 ? 'accepted' : 'rejected'});
                          }
                          const boxes = layOut({nodes, bonus: {id: 1, text: 'y'}, drafter: null, draft_ms: 0, verify_ms: 0});
                          const places = new Set(boxes.map((box) => box.depth + ':' + box.row));
                          const right = boxes.filter((box) => box.parent >= 0).every((box) => box.depth === boxes[box.parent].depth + 1);
                          return [boxes.length, places.size, right, boxes[2].row, boxes.at(-1).row, boxes.at(-1).parent].join();
                        })()""").asString()).isEqualTo("62,62,true,0,0,2");
    }

    @Test
    void tellsAlternativesOnHoverAndFocus() {
        reply();
        tab.hover("#strip .accepted");
        tab.until("!document.querySelector('#alternatives').hidden");
        assertThat(tab.text("#alternatives").replaceAll("\\s+", " "))
                .contains("# Cats drafted and accepted, 75 % likely", "The drafter gave it 90 %.", "␣else 12.5 %");

        tab.evaluate("document.querySelector('#strip [tabindex=\"0\"]').focus()");
        tab.press("ArrowRight");
        tab.press("ArrowRight");
        assertThat(tab.evaluate("document.activeElement.textContent").asString())
                .isEqualTo("The␣");
        assertThat(tab.text("#alternatives")).contains("The␣ drafted and rejected");
        assertThat(tab.evaluate("document.activeElement.getAttribute('aria-describedby')")
                        .asString())
                .isEqualTo("alternatives");
        tab.press("End");
        assertThat(tab.evaluate("document.activeElement.textContent").asString())
                .isEqualTo(".");
        assertThat(tab.evaluate("document.querySelectorAll('#strip [tabindex=\"0\"]').length")
                        .asInt())
                .as("stops of the Tab key in the strip")
                .isEqualTo(1);
        tab.press("Enter");
        tab.press("Escape");
        tab.until("document.querySelector('#alternatives').hidden");
    }

    @Test
    void drawsSpeedAndAcceptanceOverTime() {
        reply();
        assertThat(tab.evaluate("document.querySelector('#acceptance-chart svg').getAttribute('aria-label')")
                        .asString())
                .isEqualTo("Accepted share of the drafts: accepted 50 % at the end, at most 50 %");
        assertThat(tab.evaluate("""
                        import('/statistics.js').then(({speed}) => JSON.stringify(speed(
                          {arrivals: [0, 100, 200, 1200, 1300].map((time, i) => ({time, tokens: i * i})), rounds: [], tokens: []})))
                        """).asString())
                .as("tokens of the last second at most, where there were any")
                .isEqualTo("[{\"x\":0.1,\"y\":10},{\"x\":0.2,\"y\":20},{\"x\":1.2,\"y\":5},{\"x\":1.3,\"y\":70}]");
    }

    /** Without rounds and probabilities, the pieces of text are all there is. */
    @Test
    void recordsAnyServersStream() {
        assertThat(tab.evaluate("""
                        import('/recording.js').then(({Recording}) => {
                          const recording = new Recording(0);
                          recording.add({choices: [{delta: {role: 'assistant', content: ''}}]}, 5);
                          recording.add({choices: [{delta: {content: 'a b'}}]}, 10);
                          recording.add({choices: [{delta: {content: ' c'}, finish_reason: 'stop'}]}, 20);
                          recording.add({choices: [], usage: {completion_tokens: 2}}, 30);
                          return JSON.stringify([recording.text, recording.tokens.map((t) => t.kind + t.text), recording.first, recording.finishReason]);
                        })""").asString()).isEqualTo("[\"a b c\",[\"owna b\",\"own c\"],10,\"stop\"]");
    }

    /** A token cut within a character reads differently in a round and in its probabilities; a late one holds nothing up. */
    @Test
    void putsProbabilitiesToTheirTokens() {
        assertThat(tab.evaluate("""
                        import('/recording.js').then(({Recording}) => {
                          const recording = new Recording(0);
                          const own = (text) => ({id: 1, text});
                          const said = (...texts) => ({choices: [{delta: {content: 'x'}, logprobs: {content: texts.map((token) => ({token, logprob: -texts.length}))}}]});
                          recording.add({choices: [], demotic: {round: {nodes: [{parent: -1, id: 1, text: 'a', state: 'accepted', probability: 1}], bonus: own('\\ufffd')}}}, 1);
                          recording.add(said('a', '?', 'late'), 2);
                          recording.add({choices: [], demotic: {round: {nodes: [], bonus: own('b')}}}, 3);
                          recording.add(said('b'), 4);
                          recording.add({choices: [], demotic: {round: {nodes: [], bonus: own('untold')}}}, 5);
                          recording.add({choices: [], demotic: {round: {nodes: [], bonus: own('told')}}}, 6);
                          recording.add(said('told'), 7);
                          return recording.tokens.map((t) => t.kind + ' ' + t.text + ' ' + Math.round(-Math.log(t.probability ?? 1))).join('|');
                        })""").asString())
                .isEqualTo("accepted a 3|bonus \ufffd 3|own late 3|own b 1|own untold 0|own told 1");
    }

    private void reply() {
        send("cats?");
        awaitReply();
        tab.until(
                "document.querySelectorAll('#strip .token').length === 12 && document.querySelector('#figures dd').textContent === '9'");
    }

    private String boxes() {
        return tab.evaluate("""
                        [...document.querySelectorAll('.tree g.node')]
                          .map((g) => [g.classList[1], ...[...g.querySelectorAll('text')].map((t) => t.textContent)].join(' ')).join('|')
                        """).asString();
    }
}
