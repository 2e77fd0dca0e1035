package dev.demotic.bench;

import java.util.List;
import java.util.stream.Collectors;

/** An HTML page that needs nothing else; texts are escaped. */
final class HtmlPage {
    private static final String HEAD = """
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <title>%1$s</title>
            <style>
            body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
            svg text { font: 12px system-ui, sans-serif; fill: #222; }
            svg { display: block; max-width: 100%%; height: auto; }
            table { border-collapse: collapse; }
            th, td { padding: .15rem .8rem .15rem 0; text-align: right; }
            th:first-child, td:first-child { text-align: left; }
            tr { border-bottom: 1px solid #ddd; }
            </style>
            <h1>%1$s</h1>
            """;

    private final StringBuilder text;

    HtmlPage(String heading) {
        text = new StringBuilder(HEAD.formatted(Plot.escaped(heading)));
    }

    void title(String title) {
        text.append("<h2>").append(Plot.escaped(title)).append("</h2>\n");
    }

    void paragraph(String paragraph) {
        text.append("<p>").append(Plot.escaped(paragraph)).append("</p>\n");
    }

    /** Appends a chart, which is SVG already. */
    void plot(String svg) {
        text.append(svg);
    }

    void list(List<String> items) {
        text.append(items.stream()
                .map(item -> "<li>" + Plot.escaped(item) + "</li>\n")
                .collect(Collectors.joining("", "<ul>\n", "</ul>\n")));
    }

    void table(List<String> heading, List<List<String>> rows) {
        text.append("<table>\n").append(row("th", heading));
        rows.forEach(row -> text.append(row("td", row)));
        text.append("</table>\n");
    }

    private static String row(String cell, List<String> values) {
        return values.stream()
                .map(value -> "<%s>%s</%s>".formatted(cell, Plot.escaped(value), cell))
                .collect(Collectors.joining("", "<tr>", "</tr>\n"));
    }

    /** The whole page. */
    String text() {
        return text + "</html>\n";
    }
}
