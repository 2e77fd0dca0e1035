package dev.demotic.server.page;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** Markdown of replies, as the browser comes to hold it. */
class MarkdownTest extends PageTestCase {
    private static final String LINK = "target=\"_blank\" rel=\"noopener noreferrer\"";

    @Test
    void rendersBlocks() {
        check("# One\n\nTwo\nthree\n***\n### Four", "<h3>One</h3><p>Two\nthree</p><hr><h5>Four</h5>");
        check("> a\n> - b\n\nc", "<blockquote><p>a</p><ul><li>b</li></ul></blockquote><p>c</p>");
        check(
                "- a\n- b\n  1. c\n  2. d\n\n  e\n- [x] f",
                "<ul><li>a</li><li>b<ol><li>c</li><li>d</li></ol><p>e</p></li>"
                        + "<li><input type=\"checkbox\" disabled=\"\" checked=\"\" aria-label=\"Task\">f</li></ul>");
        check("3. a\n\n4. b\nlazy\n\n* c", "<ol start=\"3\"><li>a</li><li>b\nlazy</li></ol><ul><li>c</li></ul>");
        check("a\n- b", "<p>a</p><ul><li>b</li></ul>");
    }

    @Test
    void rendersTables() {
        check(
                "| a | b |\n|---|:-:|\n| `x\\|y` | **2** |\n| 3 |\n\nafter",
                "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table><thead><tr>"
                        + "<th class=\"left\">a</th><th class=\"middle\">b</th></tr></thead><tbody><tr>"
                        + "<td class=\"left\"><code>x|y</code></td><td class=\"middle\"><strong>2</strong></td></tr><tr>"
                        + "<td class=\"left\">3</td><td class=\"middle\"></td></tr></tbody></table></div><p>after</p>");
        check("a | b\nno table", "<p>a | b\nno table</p>");
    }

    @Test
    void rendersMarksWithinText() {
        check("**a *b* c** _d_ ~~e~~", "<p><strong>a <em>b</em> c</strong> <em>d</em> <del>e</del></p>");
        check(
                "***a*** snake_case_name 2 * 3 * 4 __init__",
                "<p><strong><em>a</em></strong> snake_case_name 2 * 3 * 4 <strong>init</strong></p>");
        check("``a `b` c`` \\*no\\* `<b>`", "<p><code>a `b` c</code> *no* <code>&lt;b&gt;</code></p>");
        check("**open and `open", "<p>**open and `open</p>");
        check("a  \nb", "<p>a<br>b</p>");
        check(
                "[a *b*](https://x.org/p_(q)) https://y.org/z_a. ![pic](http://z.org/p.png \"t\")",
                "<p><a href=\"https://x.org/p_(q)\" %1$s>a <em>b</em></a> <a href=\"https://y.org/z_a\" %1$s>https://y.org/z_a</a>. <a href=\"http://z.org/p.png\" %1$s>pic</a></p>"
                        .formatted(LINK));
    }

    @Test
    void showsCodeWithItsLanguageAndACopyButton() {
        String code = "```java\nint a = b < c ? 1 : 2;\n\n# no heading\n```\nafter";
        String html = html(code);
        assertThat(html)
                .startsWith(
                        "<div class=\"code\"><div class=\"code-bar\"><span>java</span><button type=\"button\" class=\"copy\">Copy")
                .contains("<code>int a = b &lt; c ? 1 : 2;\n\n# no heading</code>")
                .endsWith("<p>after</p>");
        assertThat(html("- a\n\n  ~~~\n  x\n    y\n  ~~~"))
                .contains("<li>a<div class=\"code\">")
                .contains("<code>x\n  y</code>");
        assertThat(html("```\nstill coming")).contains("<code>still coming</code>");
    }

    @Test
    void neverMakesMarkupOfText() {
        check(
                "<img src=x onerror=alert(1)> <script>alert(1)</script>",
                "<p>&lt;img src=x onerror=alert(1)&gt; &lt;script&gt;alert(1)&lt;/script&gt;</p>");
        check(
                "[a](javascript:alert(1)) ![b](data:text/html,x)",
                "<p>[a](javascript:alert(1)) ![b](data:text/html,x)</p>");
        check(
                "[a](https://x.org/\"onmouseover=alert(1))",
                "<p><a href=\"https://x.org/&quot;onmouseover=alert(1)\" " + LINK + ">a</a></p>");
    }

    /** What models write when they go astray must not hang the page, as it would with a careless pattern: the tab's patience ends. */
    @Test
    void bearsEndlessRepetition() {
        for (String piece : new String[] {"*", "**a", "[", "`a", "_a_b", "> ", "- ", "|-", "![](", "[[a](b", "  \n"}) {
            assertThat(tab.evaluate("import('/markdown.js').then(({showMarkdown}) => {"
                                    + "const element = document.createElement('div'); showMarkdown(element, 'a'+"
                                    + JsonMapper.shared().writeValueAsString(piece)
                                    + ".repeat(5000)); return element.textContent.length; })")
                            .asInt())
                    .as(piece)
                    .isPositive();
        }
    }

    @Test
    void keepsWhatDoesNotChangeWhileATextGrows() {
        assertThat(tab.evaluate("""
                        (async () => {
                          const {showMarkdown} = await import('/markdown.js');
                          const element = document.createElement('div');
                          showMarkdown(element, '# a\\n\\nb');
                          const [heading, paragraph] = element.children;
                          showMarkdown(element, '# a\\n\\nb **c**\\n\\nd');
                          return [element.children[0] === heading, element.children[1] === paragraph, element.innerHTML].join();
                        })()""").asString()).isEqualTo("true,false,<h3>a</h3><p>b <strong>c</strong></p><p>d</p>");
    }

    private void check(String markdown, String expected) {
        assertThat(html(markdown)).as(markdown).isEqualTo(expected);
    }

    private String html(String markdown) {
        return tab.evaluate("import('/markdown.js').then(({showMarkdown}) => {"
                        + "const element = document.createElement('div'); showMarkdown(element, "
                        + JsonMapper.shared().writeValueAsString(markdown) + "); return element.innerHTML; })")
                .asString();
    }
}
