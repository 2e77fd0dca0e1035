package dev.demotic.server.page;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Readable on any screen, in light and dark, and without a pointer. */
class LayoutTest extends PageTestCase {
    private static final String LONG_LINE = "say " + "unbroken".repeat(60) + "\n\n```\n" + "x".repeat(300) + "\n```\n";

    @ParameterizedTest
    @ValueSource(strings = {"chat", "decoding", "compare"})
    void fitsAPhone(String view) {
        tab.resize(360, 640);
        send(LONG_LINE.replace('\n', ' '));
        awaitReply();
        tab.click("[data-show=" + view + "]");
        assertThat(tab.evaluate("document.documentElement.scrollWidth").asInt()).isLessThanOrEqualTo(360);
        assertThat(tab.evaluate(
                                "[...document.querySelectorAll('section')].filter(s => s.offsetParent).map(s => s.id).join()")
                        .asString())
                .isEqualTo(view);
        assertThat(tab.evaluate(
                                "[...document.querySelectorAll('button, select, input, textarea')]"
                                        + ".filter(e => e.offsetParent && e.getBoundingClientRect().right > 361).map(e => e.id).join()")
                        .asString())
                .as("controls past the edge")
                .isEmpty();
    }

    @Test
    void showsChatAndDecodingSideBySideWhereThereIsRoom() {
        assertThat(tab.evaluate(
                                "[...document.querySelectorAll('section')].filter(s => s.offsetParent).map(s => s.id).join()")
                        .asString())
                .isEqualTo("chat,decoding");
    }

    /** Contrast of WCAG 2.2, criterion 1.4.3, of every pair of colours that holds text. */
    @ParameterizedTest
    @ValueSource(strings = {"light", "dark"})
    void contrastIsEnough(String scheme) {
        tab.prefer(scheme);
        send("cats?");
        awaitReply();
        assertThat(tab.evaluate("""
                        (() => {
                          const luminance = (colour) => colour.match(/[\\d.]+/g).slice(0, 3)
                            .map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
                            .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
                          const ground = (e) => {
                            const colour = getComputedStyle(e).backgroundColor;
                            return e.parentElement === null || !/, 0\\)$/.test(colour) ? colour : ground(e.parentElement);
                          };
                          return [...document.querySelectorAll('body *')]
                            .filter((e) => e instanceof HTMLElement && e.offsetParent && e.innerText?.trim() && !e.disabled)
                            .map((e) => {
                              const [a, b] = [luminance(getComputedStyle(e).color), luminance(ground(e))].sort((x, y) => y - x);
                              return {name: e.tagName + '#' + e.id + '.' + e.className, ratio: (a + 0.05) / (b + 0.05)};
                            })
                            .filter(({ratio}) => !(ratio >= 4.5)).map(({name, ratio}) => name + ' ' + ratio.toFixed(2)).join();
                        })()""").asString()).isEmpty();
        boolean isDark = tab.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0] < 100")
                .asBoolean();
        assertThat(isDark).isEqualTo(scheme.equals("dark"));
    }

    @Test
    void everyControlHasAName() {
        tab.press("Escape");
        assertThat(tab.evaluate("""
                        [...document.querySelectorAll('button, select, input, textarea, [role], section, [tabindex="0"]')]
                          .filter((e) => !(e.ariaLabel || e.labels?.length || e.textContent.trim() || e.getAttribute('aria-labelledby')
                            || ['alert', 'status', 'tooltip'].includes(e.role)))
                          .map((e) => e.outerHTML).join()""").asString()).isEmpty();
    }

    /** Nothing that takes the focus hides that it has it. */
    @Test
    void theFocusIsSeen() {
        for (int i = 0; i < 12; i++) {
            tab.press("Tab");
            assertThat(tab.evaluate(
                                    "document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle")
                            .asString(""))
                    .as(tab.evaluate("document.activeElement.outerHTML").asString())
                    .isIn("solid", "true", "");
        }
    }
}
