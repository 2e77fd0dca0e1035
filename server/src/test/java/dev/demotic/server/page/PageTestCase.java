package dev.demotic.server.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** The page of a fake server in a tab of its own; whatever a test did, the page must have thrown nothing and asked nobody else. */
abstract class PageTestCase {
    FakeServer server;
    Tab tab;

    @BeforeEach
    void openPage() throws IOException {
        Browser browser = Browser.shared();
        server = new FakeServer();
        tab = browser.open();
        tab.resize(1280, 800);
        tab.go(server.page());
        tab.evaluate("localStorage.clear(), sessionStorage.clear()");
        reload();
    }

    @AfterEach
    void closePage() {
        if (tab != null) {
            assertThat(tab.errors()).isEmpty();
            assertThat(tab.requests())
                    .allMatch(url -> url.startsWith(server.page().toString()) || url.equals("about:blank"));
            tab.close();
        }
        if (server != null) {
            server.close();
        }
    }

    /** Loads the page anew, and waits until it knows the models. */
    void reload() {
        tab.go(server.page().resolve("?" + System.nanoTime()));
        tab.until("document.querySelectorAll('#model option').length === 2");
    }

    /** Writes a message and sends it, by keyboard. */
    void send(String message) {
        tab.evaluate("document.querySelector('#prompt').focus()");
        tab.type(message);
        tab.press("Enter");
    }

    /** Waits for the end of the reply. */
    void awaitReply() {
        tab.until(
                "document.querySelector('.message.assistant:last-child footer button') && document.querySelector('#stop').disabled");
    }
}
