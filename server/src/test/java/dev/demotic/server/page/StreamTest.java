package dev.demotic.server.page;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** The parser of server-sent events. */
class StreamTest extends PageTestCase {
    private static final String EVENTS =
            ": hello\ndata: one\n\nevent: x\ndata:two\ndata: three\nid: 4\n\ndata\n\n\ndata: \u00e9\u20ac\ud83d\ude00\r\n\r\ndata: five\r\rdata: six\r\ndata: seven\r\n\r\ndata: lost";

    private static final String EXPECTED =
            "[\"one\",\"two\\nthree\",\"\",\"\u00e9\u20ac\ud83d\ude00\",\"five\",\"six\\nseven\"]";

    /** The same events come out wherever the stream is cut, within characters included. */
    @Test
    void readsEventsHoweverTheyAreCut() {
        assertThat(tab.evaluate("""
                        (async () => {
                          const {eventsOf} = await import('/stream.js');
                          const bytes = new TextEncoder().encode(%s);
                          const results = new Set();
                          for (let size = 1; size <= bytes.length; size++) {
                            const body = new ReadableStream({
                              start(controller) {
                                for (let at = 0; at < bytes.length; at += size) {
                                  controller.enqueue(bytes.slice(at, at + size));
                                }
                                controller.close();
                              },
                            });
                            const events = [];
                            for await (const event of eventsOf(body)) {
                              events.push(event);
                            }
                            results.add(JSON.stringify(events));
                          }
                          return [...results].join(' or ');
                        })()""".formatted(JsonMapper.shared().writeValueAsString(EVENTS)))
                        .asString())
                .isEqualTo(EXPECTED);
    }
}
